"""What is run: frozen settings, nothing else."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, get_args

import imcmoo
import problems
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.scaling import SCALINGS
from imcmoo.model.reference.chips import Deployment
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.problem.selection import CRITERIA

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
        area_limit_mm2: largest chip allowed; None for the problem's own limit.
        deployment: whether resident weights share a chip "alone" or "together" with the others'.
        scaling: technology scaling of the component table.

    Raises:
        ValueError: an unknown problem, criterion, deployment or scaling, or a number out of range.
    """

    problem: str
    seed: int = 1
    budget: int = 3300
    criterion: str = "edap_max"
    baselines: bool = True
    area_limit_mm2: float | None = None
    deployment: Deployment = "alone"
    scaling: str = "reference"

    def __post_init__(self) -> None:
        problems.get(self.problem)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.budget < 1:
            raise ValueError(f"budget must be at least 1 design, got {self.budget}")
        if self.criterion not in CRITERIA:
            raise ValueError(f"unknown criterion '{self.criterion}'; known: {', '.join(CRITERIA)}")
        if self.area_limit_mm2 is not None and not 0 < self.area_limit_mm2 < float("inf"):
            raise ValueError(f"area limit must be positive, got {self.area_limit_mm2:g} mm²")
        for value, known in ((self.deployment, get_args(Deployment)), (self.scaling, SCALINGS)):
            if value not in known:
                raise ValueError(f"unknown setting '{value}'; known: {', '.join(known)}")

    @property
    def area_limit_m2(self) -> float:
        """The largest chip allowed, m²."""
        if self.area_limit_mm2 is None:
            return problems.get(self.problem).area_limit_m2
        return self.area_limit_mm2 / MM2_PER_M2

    def config(self) -> dict[str, Any]:
        """Everything needed to repeat the run, for `config.json`; holds no time or place."""
        spec = problems.get(self.problem)
        return {
            **asdict(self),
            "command": self.command,
            "space": {p.name: list(p.values) for p in spec.space.parameters},
            "fixed": dict(spec.space.fixed),
            "workloads": list(spec.workloads),
            "area_limit_mm2": self.area_limit_m2 * MM2_PER_M2,
            "component_table": ComponentTable.load(scaling=self.scaling).fingerprint,
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
        if not self.baselines:
            parts.append("--no-baselines")
        if self.area_limit_mm2 is not None:
            parts.append(f"--area-limit {self.area_limit_mm2:g}")
        if self.deployment != "alone":
            parts.append(f"--deployment {self.deployment}")
        if self.scaling != "reference":
            parts.append(f"--scaling {self.scaling}")
        return " ".join(parts)
