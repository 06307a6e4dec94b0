"""`imcmoo compare`: the command of `python -m experiments.compare`."""

from experiments.compare.__main__ import INTERRUPTED, add_arguments
from experiments.compare.__main__ import compare as main

__all__ = ["INTERRUPTED", "add_arguments", "main"]
