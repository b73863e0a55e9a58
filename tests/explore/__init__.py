"""Breadth-first exploration of the real decision function over a small plant, with a budget of faults."""
