"""The paper's cost model (CiMLoop: Timeloop, Accelergy, NeuroSim, CACTI), digit for digit.

Its rules are written down in docs/model.md.
"""

MODEL_VERSION = 1
"""Raise by one with every intended change of a number this model gives, if only in its 9th digit:
stored exact answers, certificates and unfinished runs of the model are void from then on."""
