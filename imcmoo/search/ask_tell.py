"""The criteria-guided memetic NSGA-II by generations: `ask` for designs, `tell` their metrics.

`FeasibleMating` (`mating.py`) decides what is evaluated next.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.identity import identity
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.checkpoint import State, checkpoint_errors
from imcmoo.search.memetic_nsga2 import MemeticNSGA2
from imcmoo.search.schedule import PAPER, Schedule
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

    Attributes:
        archive: every evaluated design, in order.
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
    ) -> None:
        if budget < 1:
            raise ValueError(f"budget must be at least 1, got {budget}")
        if initial is not None:
            initial = initial[: schedule.initial_of(budget)]
        self.problem = problem
        self.archive = Archive(
            problem.space, n_objectives=problem.n_obj, n_constraints=problem.n_constr
        )
        self.trace: list[TraceRow] = []
        self._asked: Levels | None = None
        self._algorithm = MemeticNSGA2(
            problem, self.archive, schedule=schedule, budget=budget, initial=initial
        )
        self._identity = _identity(problem, budget, schedule, rng)
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
        F, G = self.problem.score(levels, metrics)
        self._take(levels, F, G)
        self._asked = None
        self._random = self._random_state()
        return self.trace[-1]

    def _take(self, levels: Levels, F: Floats, G: Floats) -> None:
        """Add the designs of a generation to the archive, select the survivors, and trace it."""
        self.archive.append(levels, F, G, generation=len(self.trace))
        self._algorithm.select(len(levels))
        self.trace.append(self._row())

    def save(self, path: Path) -> None:
        """Write the state of the search to a file; a kill leaves the file before or this one."""
        archive = self.archive
        State(
            identity=self._identity,
            random=self._random,
            levels=archive.levels,
            F=archive.F,
            G=archive.G,
            generation=archive.generation,
        ).save(path)

    def load(self, path: Path) -> None:
        """Go on from a file, as if the search had never been stopped.

        Designs that were requested and not evaluated when it was saved are requested again.

        Raises:
            ValueError: designs were asked for here already.
            InputError: no file of such a search, or a damaged one; says what differs.
        """
        if self._asked is not None or self.trace:
            raise ValueError("a search that has begun cannot go on from a file")
        state = State.load(path, identity=self._identity)
        with checkpoint_errors(path):
            self._check(state)
            ends = np.flatnonzero(np.diff(state.generation, append=-1)) + 1
            for start, end in pairwise([0, *ends]):
                rows = slice(start, end)
                if end - start > self._algorithm.begin_generation():
                    raise ValueError("a generation is too large")
                self._take(state.levels[rows], state.F[rows], state.G[rows])
            if not np.array_equal(self.archive.generation, state.generation):
                raise ValueError("generation")
            self._rng.bit_generator.state = state.random
        self._random = self._random_state()

    def _check(self, state: State) -> None:
        """Check types, shapes and ranges of a state; `Archive` refuses repeated designs."""
        n, problem = len(state.levels), self.problem
        problem.space.validate(state.levels)
        for values, columns in ((state.F, problem.n_obj), (state.G, problem.n_constr)):
            if values.dtype != float or values.shape != (n, columns) or np.isnan(values).any():
                raise ValueError("objectives or constraints")
        if state.generation.dtype != np.int64 or state.generation.shape != (n,):
            raise ValueError("generation")

    def _random_state(self) -> dict[str, Any]:
        """State of the random generator, from which the next designs are drawn."""
        return dict(self._rng.bit_generator.state)

    def _row(self) -> TraceRow:
        """State of the search: archive and population are up to date, the trace is not."""
        archive, generation = self.archive, len(self.trace)
        front, guides = archive.F[archive.front()], self.problem.guides
        costs = self.problem.costs(front)  # the first that guides is no regret
        scores = guides[0].scores(costs, None) if guides and len(front) else front[:, 0]
        return TraceRow(
            generation=generation,
            phase=self._algorithm.mating.phase.name if generation else "initial",
            evaluations=len(archive),
            best=float(scores.min(initial=np.inf)),
            front=len(front),
        )


def _identity(
    problem: AcceleratorProblem, budget: int, schedule: Schedule, rng: np.random.Generator
) -> dict[str, Any]:
    """Settings that must agree for a search to go on from a file, as JSON gives them back."""
    parts = identity(problem)
    stated = {
        "version": __version__,
        "space": repr(problem.space),
        "workloads": problem.workload_names,
        "objectives": problem.objective_names,
        "data of the model": parts["data"],
        "model": parts["versions"],
        "own code": parts["own code"],
        "area limit in m²": problem.area_limit_m2,
        "cost per cm²": repr(problem.cost_per_cm2),
        "guides": [criterion.name for criterion in problem.guides],
        "own score": [repr(c.score) for c in problem.guides if is_dataclass(c.score)],
        "weights": problem.weights.tolist(),
        "limits": problem.limits.rows,
        "budget": budget,
        "schedule": asdict(schedule),
        "seed": rng.bit_generator.state,
    }
    plain: dict[str, Any] = json.loads(json.dumps(stated, default=np.ndarray.tolist))
    return plain
