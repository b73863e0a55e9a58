"""Mutation testing: one small defect at a time in core, gate and guards, and a test that must go red for each."""
