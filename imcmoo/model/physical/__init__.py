"""The physical cost model: what a chip would do, with every assumption named."""

MODEL_VERSION = 3
"""Raise by one with every intended change of a number this model gives, if only in its 9th digit:
stored exact answers, certificates and unfinished runs of the model are void from then on."""
