"""Shift after shift in virtual time: vehicles come, faults strike at random, a person puts it right. Fixed seeds."""
