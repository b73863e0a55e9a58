"""The vocabulary of the station: signals, conditions, devices, commands, steps, interlocks, custody.

Pure: no I/O, no clock, no await, imports nothing of ours outside this package.
"""
