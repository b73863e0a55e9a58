"""Crashes: the controller dies at every point of a swap, and a person brings the swap to an end afterwards."""
