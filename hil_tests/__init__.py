"""Tests on the real wire, and in simplc the simulated plant they run against."""
