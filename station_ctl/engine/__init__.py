"""The engine: makes procedures happen. Decides purely, acts through one gate, remembers in one journal.

Knows no station type and no device model.
"""
