"""Faults × steps in virtual time: every fault, struck in every step, brings the station to rest as the table says."""
