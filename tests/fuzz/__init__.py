"""Decoders under fire: malformed replies, lines, registers and journal rows before the real decoders."""
