"""What really is: bodies, packs, vehicles and forces of the simulated station.

Knows physics. Does not know PLCs, orders, sensors or wires."""
