"""Every speed that is claimed, measured on real parts over loopback, each beside its floor in the same run.

A benchmark is a module of this package with `run(quick: bool = False) -> Figures` (benchmarks/figures.py);
`__main__.py` runs them by name, prints their tables and keeps the results.
"""
