"""Runs: the command line of the studies, their tables and figures."""
