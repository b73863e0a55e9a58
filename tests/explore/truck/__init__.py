"""The explorer at the heavy-truck station: its plant, sensing, people, faults and monitor."""
