"""A user's own code, which commands that only read results must not import."""

from __future__ import annotations

from tests.reliability.commands import Outcome, fork, outcome
from tests.reliability.drawn import RESULTS, RUN, Trial, study_text

MODEL = """
from imcmoo import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics

class Chip(CostModel):
    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ()

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names
        self._macs = workloads.macs.astype(float)

    def evaluate(self, levels):
        macros, supply = (self.space.column(levels, n) for n in ("macros_per_tile", "voltage_V"))
        return Metrics(
            {
                "energy": NUMBER * self._macs * 1e-13 * supply[:, None] ** 2,
                "latency": self._macs * 1e-12 / (macros * supply)[:, None],
                "area": 1e-7 * macros,
            },
            {},
        )
"""
CRITERION = """
from imcmoo.problem.criteria import Criterion

CHIP = Criterion("mine", lambda costs: NUMBER * costs.edap.max(axis=1), monotone=True)
"""
SCORE = """
def chip(costs):
    return NUMBER * costs.edap.max(axis=1)
"""
ROLES = {
    "cost model": (MODEL, 'model = "own.chip:Chip"\nbaselines = false\n', ""),
    "criterion": (CRITERION, 'criterion = "own.chip:CHIP"\n', ""),
    "score": (SCORE, "", '[score]\nfunction = "own.chip:chip"\n'),
}
READ = (("report", RESULTS), ("explain", RESULTS), ("explain", RESULTS, "--json"))


def reading(trial: Trial) -> Outcome:
    """Commands that only read results import no code that a study names."""
    role, command = trial.choose(*ROLES), trial.choose(*READ)
    code, top, end_of_study = ROLES[role]
    folder = trial.begin(text=study_text(top=top) + end_of_study)
    package = folder / "own"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "chip.py").write_text("NUMBER = 1.25\n" + code)
    fork(folder, RUN)
    (package / "__init__.py").write_text("import pathlib\npathlib.Path('imported').touch()\n")
    end = fork(folder, command)
    untouched = not (folder / "imported").exists()
    return outcome(f"{command[0]}: {role}", end, right=untouched, must="work")
