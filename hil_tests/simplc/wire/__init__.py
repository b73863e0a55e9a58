"""The wire of the simulated station: Modbus TCP and RTU, OPC UA, serial lines.

Knows I/O lists and protocols. Does not know the plant: it reads `values` of a PLC and hands `write` to it.
"""
