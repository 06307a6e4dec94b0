"""A study as a value: what is asked, complete, and nothing else.

Whoever runs, enumerates or compares a study is handed one of these; nothing is looked up by name.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, get_args

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.scaling import SCALINGS
from imcmoo.model import cost_model
from imcmoo.model.cost_model import CostModel
from imcmoo.model.reference.chips import Deployment
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.criteria import find_criterion
from imcmoo.problem.problem import AcceleratorProblem, Guidance
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Parameter
from imcmoo.version import __version__

LIBRARIES = ("matplotlib", "moocore", "numpy", "pandas", "pymoo", "scipy", "seaborn")
"""Whatever can change a digit of a result or a pixel of a figure."""


@dataclass(frozen=True)
class Study:
    """What is to be designed, for which networks, and how it is searched for.

    The same study gives the same files, byte for byte.

    Args:
        name: of the folder and in titles; nothing is looked up by it.
        space: the designs to choose from.
        workloads: names of the networks, in the order of objectives and tables.
        weights: how much each network counts, positive, in their order; equal by default.
        area_limit_m2: largest chip allowed; 800 mm², the reticle limit the paper assumes; None for
            no limit.
        cost_per_cm2: cost of a square centimetre by technology node in nm, if cost is an
            objective.
        model: a name in `cost_model.MODELS`, or `module:Class` of a cost model of one's own.
        deployment: whether resident weights share a chip "alone" or "together" with the others'.
        scaling: technology scaling of the component table.
        budget: unique designs evaluated by each search, at least 1.
        criterion: what has the last word: a name in `criteria.CRITERIA`, or `module:name`.
        baselines: whether to search for each workload alone as well.
        seed: of every random choice, at least 0.

    Raises:
        ValueError: an unknown model, criterion, deployment or scaling, or a number out of range.
    """

    name: str
    space: DesignSpace
    workloads: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    area_limit_m2: float | None = 800e-6
    cost_per_cm2: Mapping[int, float] | None = None
    model: str = "reference"
    deployment: Deployment = "alone"
    scaling: str = "reference"
    budget: int = 3300
    criterion: str = "regret_minimax"
    baselines: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.budget < 1:
            raise ValueError(f"budget must be at least 1 design, got {self.budget}")
        limit = self.area_limit_m2
        if limit is not None and not 0 < limit < float("inf"):
            raise ValueError(f"area limit must be positive, got {limit * MM2_PER_M2:g} mm²")
        if self.weights is not None and len(self.weights) != len(self.workloads):
            raise ValueError(f"{len(self.weights)} weights for {len(self.workloads)} networks")
        find_criterion(self.criterion)
        cost_model.find(self.model)
        for value, known in ((self.deployment, get_args(Deployment)), (self.scaling, SCALINGS)):
            if value not in known:
                raise ValueError(f"unknown setting '{value}'; known: {', '.join(known)}")

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.asked(), sort_keys=True)

    def cost_model(self) -> CostModel:
        """The cost model of the space and the networks.

        Raises:
            ValueError: an unknown network, or a space the model cannot cost.
        """
        model: CostModel = cost_model.find(self.model)(
            self.space,
            WorkloadSet.load(self.workloads),
            deployment=self.deployment,
            scaling=self.scaling,
        )
        return model

    def problem(self, model: CostModel | None = None) -> AcceleratorProblem:
        """The problem as a search sees it.

        Args:
            model: as `cost_model` gives it, or of one of its networks; made anew by default.
        """
        model = model or self.cost_model()
        own = [i for i, name in enumerate(self.workloads) if name in model.workload_names]
        weights = [self.weights[i] for i in own] if self.weights else None
        return AcceleratorProblem(
            model,
            area_limit_m2=self.area_limit_m2,
            cost_per_cm2=self.cost_per_cm2,
            guidance=Guidance(find_criterion(self.criterion), weights),
        )

    def with_seed(self, seed: int) -> Study:
        """The same with another seed."""
        return replace(self, seed=seed)

    def asked(self) -> dict[str, Any]:
        """What is asked, in full units, as JSON has it."""
        area = None if self.area_limit_m2 is None else self.area_limit_m2 * MM2_PER_M2
        return {
            "study": self.name,
            "seed": self.seed,
            "budget": self.budget,
            "criterion": self.criterion,
            "baselines": self.baselines,
            "area_limit_mm2": area,
            "deployment": self.deployment,
            "scaling": self.scaling,
            "model": self.model,
            "space": {p.name: _described(p) for p in self.space.parameters},
            "fixed": dict(self.space.fixed),
            "workloads": list(self.workloads),
            "weights": list(self.weights) if self.weights else None,
            "cost_per_cm2": (
                {str(k): v for k, v in self.cost_per_cm2.items()} if self.cost_per_cm2 else None
            ),
        }

    def config(self) -> dict[str, Any]:
        """Everything needed to repeat the run, for `config.json`; holds no time or place."""
        return {
            **self.asked(),
            "command": self.command,
            "component_table": ComponentTable.load(scaling=self.scaling).fingerprint,
            "versions": {
                "imcmoo": __version__,
                "python": platform.python_version(),
                **{name: version(name) for name in LIBRARIES},
            },
        }

    @property
    def command(self) -> str:
        """The command line that repeats this run."""
        parts = [
            f"python -m experiments.run {self.name}",
            f"--seed {self.seed} --budget {self.budget} --criterion {self.criterion}",
        ]
        if not self.baselines:
            parts.append("--no-baselines")
        if self.area_limit_m2 is not None:
            parts.append(f"--area-limit {shortest_mm2(self.area_limit_m2)}")
        if self.deployment != "alone":
            parts.append(f"--deployment {self.deployment}")
        if self.scaling != "reference":
            parts.append(f"--scaling {self.scaling}")
        return " ".join(parts)


def shortest_mm2(area_m2: float) -> str:
    """The shortest text of so many mm² that a command line reads back as exactly this area.

    There is one for every area a command line can give; for a few others the last digit is lost.
    """
    texts = (f"{area_m2 * MM2_PER_M2:.{digits}g}" for digits in range(1, 17))
    exact = (text for text in texts if float(text) / MM2_PER_M2 == area_m2)
    return next(exact, repr(area_m2 * MM2_PER_M2))


def _described(parameter: Parameter) -> Any:
    """The values of a parameter in full units; by those of the parameter it depends on."""
    if isinstance(parameter, Conditional):
        by = {str(k): list(values) for k, values in parameter.values_by.items()}
        return {"on": parameter.on.name, "values": by}
    return list(parameter.values)
