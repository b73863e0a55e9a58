"""The bench of the fast tests: real engine and procedures on the simulated plant, in virtual time, no wire."""
