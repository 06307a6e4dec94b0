"""The physical cost model: chips with all assumptions named."""

MODEL_VERSION = 6
"""Raise by one with every intended change of a number of this model, even in its 9th digit: stored
exact answers, certificates and unfinished runs are then not used.
"""
