"""The heavy-truck station beyond the wire: gantry crane, stand, truck, their PLCs, their monitor.

Knows physics and the PLC contract; does not know the software that is tested against it."""
