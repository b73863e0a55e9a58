"""The bench of the fast tests: the real engine and procedures on the simulated plant, in virtual time, without a wire."""
