"""A search of one's own: it evaluates the first designs of the start."""

from experiments.compare.evaluation_counter import Counted, Start
from imcmoo.search.archive import Archive


def first_designs(start: Start) -> Archive:
    counted = Counted(start)
    counted(start.initial[: start.budget])
    return counted.archive
