"""Charging: which pack next, and where the spent one goes.

Knows bays and policy. Does not know swaps in progress except as reservations handed to it.
"""
