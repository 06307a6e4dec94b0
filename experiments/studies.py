"""What is run: frozen settings, nothing else."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import imcmoo
import problems
from imcmoo.components import ComponentTable
from imcmoo.selection import CRITERIA

LIBRARIES = ("matplotlib", "moocore", "numpy", "pandas", "pymoo", "scipy", "seaborn")
"""Whatever can change a digit of a result or a pixel of a figure."""


@dataclass(frozen=True)
class Study:
    """One run of a problem: the same study gives the same files, byte for byte.

    Args:
        problem: a name in `problems.PROBLEMS`.
        seed: of every random choice, at least 0.
        budget: unique designs evaluated by each search, at least 1.
        criterion: which of `CRITERIA` has the last word.
        baselines: whether to search for each workload alone as well.

    Raises:
        ValueError: an unknown problem or criterion, or a number out of range.
    """

    problem: str
    seed: int = 1
    budget: int = 3300
    criterion: str = "edap_max"
    baselines: bool = True

    def __post_init__(self) -> None:
        problems.get(self.problem)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.budget < 1:
            raise ValueError(f"budget must be at least 1 design, got {self.budget}")
        if self.criterion not in CRITERIA:
            raise ValueError(f"unknown criterion '{self.criterion}'; known: {', '.join(CRITERIA)}")

    def config(self) -> dict[str, Any]:
        """Everything needed to repeat the run, for `config.json`; holds no time or place."""
        spec = problems.get(self.problem)
        return {
            **asdict(self),
            "command": self.command,
            "space": {p.name: list(p.values) for p in spec.space.parameters},
            "fixed": dict(spec.space.fixed),
            "workloads": list(spec.workloads),
            "area_limit_mm2": spec.area_limit_m2 * 1e6,
            "component_table": ComponentTable.load().fingerprint,
            "versions": {
                "imcmoo": imcmoo.__version__,
                "python": platform.python_version(),
                **{name: version(name) for name in LIBRARIES},
            },
        }

    @property
    def command(self) -> str:
        """The command line that repeats this run."""
        parts = [
            f"python -m experiments.run {self.problem}",
            f"--seed {self.seed} --budget {self.budget} --criterion {self.criterion}",
        ]
        return " ".join(parts + ([] if self.baselines else ["--no-baselines"]))
