"""A whole station in one process and in virtual time: the real controller on the simulated plant, without a wire.

Knows both sides, and nothing of ours imports it: the command line starts it as a process of its own.
"""
