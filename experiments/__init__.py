"""Runs: the command line of the studies, their tables and figures."""

EXPERIMENTS_VERSION = 5
"""Raise by one with every change of what a task of an experiment gives, a search that visits other
designs included: finished tasks of interrupted experiments are void from then on."""
