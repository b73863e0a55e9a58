"""The station manual, executable: one file per station type.

Knows roles, steps and interlocks; does not know drivers, registers or files."""
