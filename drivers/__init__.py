"""Links to PLCs and one file per device model.

Knows protocols and registers; does not know what a swap is."""
