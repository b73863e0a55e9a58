"""The simulated plant and its PLCs on the real wire.

Knows physics and the PLC contract; does not know the software that is tested against it."""
