"""A stand-in for a built-in study whose few chips are enumerated in a moment, in small parts."""

from pathlib import Path

from imcmoo.api import Study
from imcmoo.exact import enumeration
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.solve import enumerate as surveying
from imcmoo.study import catalogue
from tests.model.reference import scalar_energy as plain

STUDY = "four_workload_rram"
ANSWER = Path("enumerated") / STUDY
"""Where the answer is among the results."""
NAMES = ["points.csv", "optima.csv", "summary.json"]
FILES = [str(ANSWER / name) for name in NAMES]
PART = 32
"""Designs in a part, which makes eight bodies: the few chips make more than ten parts."""


def few_chips(space, workloads, *, deployment):
    """A cost model by its name: the paper's, of small networks whatever is asked for."""
    return Evaluator(space, WorkloadSet(plain.RESIDENT), deployment=deployment)


FEW = Study(
    name=STUDY,
    space=plain.RRAM_FEW,
    networks=["alexnet"],
    area_limit_mm2=250,
    model=f"{__name__}:few_chips",
)
"""Stands in for the study of this name."""


def only_few(patch):
    """Let the command know this study and no other, in small parts."""
    patch(catalogue, "shipped_study", lambda *of: FEW)
    in_parts_of(PART, patch)


def in_parts_of(n_designs, patch):
    for module in (enumeration, surveying):
        patch(module, "DESIGNS_PER_ENUMERATION_CHUNK", n_designs)
