"""Counterparts on the wire that this project did not write; see README.md beside this file."""
