"""The criteria-guided memetic NSGA-II by generations: `ask` for designs, `tell` their metrics.

`FeasibleMating` (`mating.py`) decides what is evaluated next.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.own_code import module_of, own_code
from imcmoo.model.metrics import Metrics
from imcmoo.problem.identity import identity
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record import checkpoint
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.memetic_nsga2 import MemeticNSGA2
from imcmoo.search.schedule import PAPER, Schedule
from imcmoo.search.survival import Survival, survivors
from imcmoo.space.design_space import Levels
from imcmoo.version import __version__


@dataclass(frozen=True)
class TraceRow:
    """State of a search after a generation.

    Args:
        generation: 0 for the initial designs.
        phase: name of the phase; "initial" for the initial designs.
        evaluations: unique designs evaluated so far.
        best: smallest score of a feasible design by the first criterion that guides the search, or
            by the first objective if none does; infinite without a feasible design.
        front: number of non-dominated feasible designs found so far.
    """

    generation: int
    phase: str
    evaluations: int
    best: float
    front: int


class Search:
    """A search whose designs someone else evaluates.

        while len(levels := search.ask()):
            search.tell(model.evaluate(levels))

    gives the designs of `run_search`, bit for bit: that is this loop.

    Args:
        problem: what to search. Its model is asked what a design lacks, where it can tell without
            an evaluation; it evaluates nothing.
        budget: unique designs in all, at least 1; a small one is mostly spent on initial designs.
        rng: the only source of chance; it is advanced.
        schedule: phases, scaled in proportion to the budget.
        initial: feasible designs to begin with, all different, shape (n, n_parameters); as many are
            taken as the schedule asks for at the most. Drawn by default.
        mating: makes the offspring; `FeasibleMating()` by default.
        survival: a function that selects the next population; `survivors` by default.

    Attributes:
        archive: every evaluated design with its metrics, in order.
        trace: one row per evaluated generation.

    Raises:
        ValueError: a budget below 1.
    """

    def __init__(
        self,
        problem: AcceleratorProblem,
        *,
        budget: int = PAPER.budget,
        rng: np.random.Generator,
        schedule: Schedule = PAPER,
        initial: Levels | None = None,
        mating: FeasibleMating | None = None,
        survival: Survival = survivors,
    ) -> None:
        if budget < 1:
            raise ValueError(f"budget must be at least 1, got {budget}")
        if initial is not None:
            initial = initial[: schedule.initial_of(budget)]
        self.problem = problem
        self.archive = Evaluations(problem)
        self.trace: list[TraceRow] = []
        self._asked: Levels | None = None
        self._algorithm = MemeticNSGA2(
            problem,
            self.archive,
            schedule=schedule,
            budget=budget,
            initial=initial,
            mating=mating,
            survival=survival,
        )
        self._identity = _identity(problem, self._algorithm, rng)
        self._rng = rng
        self._random = self._random_state()

    def ask(self) -> Levels:
        """The designs of the next generation, all new; the same ones until `tell`.

        Returns:
            Shape (n, n_parameters); none when the budget is spent or nothing new is left.

        Raises:
            NoFeasibleDesign: there is none in the space.
        """
        if self._asked is None:
            self._asked = self._algorithm.propose(self._rng)
        return self._asked

    def tell(self, metrics: Metrics) -> TraceRow:
        """Take what the designs last asked for cost.

        Args:
            metrics: of these designs, in their order, and the problem's networks.

        Returns:
            How the search stands now.

        Raises:
            ValueError: no designs are asked for, or the metrics are not theirs or not finite; the
                search stays as it was.
        """
        levels = self._asked
        if levels is None or not len(levels):
            raise ValueError("no design is asked for: call ask first")
        self._record(levels, metrics)
        self._asked = None
        self._random = self._random_state()
        return self.trace[-1]

    def save(self, path: Path) -> None:
        """Write the state of the search to a file; a kill leaves the file before or this one."""
        checkpoint.save(self.archive, path, identity=self._identity, random=self._random)

    def load(self, path: Path) -> None:
        """Go on from a file, as if the search had never been stopped.

        Designs that were requested and not evaluated when it was saved are requested again.

        Raises:
            ValueError: designs were asked for here already.
            InputError: no file of such a search; says what differs.
        """
        if self._asked is not None or self.trace:
            raise ValueError("a search that has begun cannot go on from a file")
        stored, random = checkpoint.load(path, self.problem, identity=self._identity)
        if len(stored) > self._algorithm.budget:
            raise checkpoint.damaged(path)
        try:
            self._rng.bit_generator.state = random
        except (ValueError, TypeError, KeyError, OverflowError):
            raise checkpoint.damaged(path) from None
        self._random = self._random_state()
        for generation in range(stored.generation.max(initial=-1) + 1):
            rows = stored.generation == generation
            self._record(stored.levels[rows], stored.metrics.take(rows))

    def _record(self, levels: Levels, metrics: Metrics) -> None:
        """Add an evaluated generation, select its survivors and describe it in the trace."""
        self.archive.append(levels, metrics, generation=len(self.trace))
        self._algorithm.select(len(levels))
        self.trace.append(self._row(len(levels)))

    def _random_state(self) -> dict[str, Any]:
        """State of the random generator, from which the next designs are drawn."""
        return dict(self._rng.bit_generator.state)

    def _row(self, n_new: int) -> TraceRow:
        """State of the search after a generation of so many designs."""
        archive, generation = self.archive, len(self.trace)
        front, guides = archive.F[archive.front()], self.problem.guides
        costs = self.problem.costs(front)  # the first that guides is no regret
        scores = guides[0].scores(costs, None) if guides and len(front) else front[:, 0]
        return TraceRow(
            generation=generation,
            phase=self._algorithm.phase_at(len(archive) - n_new).name if generation else "initial",
            evaluations=len(archive),
            best=float(scores.min(initial=np.inf)),
            front=len(front),
        )


def _identity(
    problem: AcceleratorProblem, algorithm: MemeticNSGA2, rng: np.random.Generator
) -> dict[str, Any]:
    """Settings that must agree for a search to go on from a file, as JSON gives them back."""
    parts = identity(problem)
    mating, survival = algorithm.mating, algorithm.survival
    chosen = type(mating).__module__, mating.surrogate.__module__, module_of(survival)
    stated = {
        "version": __version__,
        "space": repr(problem.space),
        "workloads": problem.workload_names,
        "objectives": problem.objective_names,
        "data of the model": parts["data"],
        "model": parts["versions"],
        "own code": parts["own code"] | own_code(chosen),
        "area limit in m²": problem.area_limit_m2,
        "cost per cm²": repr(problem.cost_per_cm2),
        "guides": [criterion.name for criterion in problem.guides],
        "own score": [repr(c.score) for c in problem.guides if is_dataclass(c.score)],
        "weights": problem.weights.tolist(),
        "limits": problem.limits.rows,
        "budget": algorithm.budget,
        "schedule": asdict(algorithm.schedule),
        "mating": type(mating).__qualname__,
        **{name: str(value) for name, value in vars(mating).items()},
        "survival": getattr(survival, "__qualname__", repr(survival)),
        "seed": rng.bit_generator.state,
    }
    plain: dict[str, Any] = json.loads(json.dumps(stated, default=np.ndarray.tolist))
    return plain
