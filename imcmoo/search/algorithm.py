"""The customised NSGA-II, and one search with it from the first design to the last."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.population import Population

from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.checkpoint import State
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.sampling import DiverseFeasibleSampling
from imcmoo.search.schedule import PAPER, Schedule
from imcmoo.search.survival import CriteriaSurvival
from imcmoo.space.design_space import Levels
from imcmoo.version import __version__

PROOF = 8
"""Designs of a checkpoint evaluated again, to see that the cost model is still the same."""


@dataclass(frozen=True)
class TraceRow:
    """How a search stands after a generation.

    Args:
        generation: 0 for the initial designs.
        phase: name of the phase; "initial" for the initial designs.
        evaluations: unique designs evaluated so far.
        best: smallest score of a feasible design by the first criterion that guides the search.
        front: number of non-dominated feasible designs found so far.
    """

    generation: int
    phase: str
    evaluations: int
    best: float
    front: int


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Args:
        archive: every design evaluated, in order.
        trace: one row per generation.
    """

    archive: Archive
    trace: list[TraceRow]


class PhasedNSGA2(NSGA2):  # type: ignore[misc]  # pymoo ships no types
    """NSGA-II with parts for this problem, and phases that change how designs vary.

    Every design it proposes is feasible and was never evaluated before. It ends when the budget
    is spent, or when no such design can be found.

    Args:
        schedule: phases and sizes.
        budget: unique evaluations in all.
        archive: what was evaluated; whoever evaluates keeps it up to date.
        initial: designs to begin with; None to draw them.
    """

    def __init__(
        self, *, schedule: Schedule, budget: int, archive: Archive, initial: Levels | None
    ) -> None:
        super().__init__(
            pop_size=schedule.population,
            sampling=DiverseFeasibleSampling() if initial is None else initial,
            survival=CriteriaSurvival(elite_share=schedule.elite_share),
            mating=FeasibleMating(
                phase=schedule.phases[0], archive=archive, fitted=schedule.fitted
            ),
            eliminate_duplicates=False,  # sampling and mating see to it, over the whole run
        )
        self.schedule = schedule
        self.budget = budget

    def _initialize_infill(self) -> Population:
        n_samples = self.schedule.initial_of(self.budget)
        return self.initialization.do(self.problem, n_samples, random_state=self.random_state)

    def _initialize_advance(self, infills: Population | None = None, **kwargs: Any) -> None:
        # pymoo would keep all initial designs for a generation; the best are enough.
        self._advance(None)

    def _infill(self) -> Population | None:
        spent = self.evaluator.n_eval
        self.mating.phase = self.schedule.phase_at(spent, self.budget)
        self.n_offsprings = min(self.mating.phase.offspring, self.budget - spent)
        return super()._infill()


def run_search(
    problem: AcceleratorProblem,
    *,
    budget: int = PAPER.budget,
    rng: np.random.Generator,
    schedule: Schedule = PAPER,
    initial: Levels | None = None,
    checkpoint: Path | None = None,
    callback: Callable[[TraceRow], None] | None = None,
) -> SearchResult:
    """Search until exactly `budget` unique designs are evaluated, or no feasible one is left.

    Same problem, budget, schedule and state of `rng`: same result, bit for bit.

    Args:
        problem: what to search; only feasible designs of it are evaluated.
        budget: at least 1; a small one is mostly spent on initial designs.
        rng: the only source of chance; it is advanced.
        schedule: phases, scaled in proportion to the budget.
        initial: feasible designs to begin with, all different, shape (n, n_parameters), so that
            searches can be compared from equal starts; as many are evaluated as the schedule asks
            for at the most. Drawn by default.
        checkpoint: file that holds the state after every generation. If it is there, the search
            goes on from it and ends as if it had never been stopped.
        callback: hears of every generation as it ends, not of those before a checkpoint.

    Raises:
        ValueError: a budget below 1, no feasible design in the space, or a checkpoint of another
            search.
    """
    if budget < 1:
        raise ValueError(f"budget must be at least 1, got {budget}")
    archive = Archive(problem.space, n_objectives=problem.n_obj, n_constraints=problem.n_constr)
    if initial is not None:
        initial = initial[: schedule.initial_of(budget)]
    algorithm = PhasedNSGA2(schedule=schedule, budget=budget, archive=archive, initial=initial)
    algorithm.setup(problem, seed=rng, termination=("n_eval", budget))
    identity = _identity(problem, budget, schedule, rng)
    trace: list[TraceRow] = []
    if checkpoint is not None and checkpoint.exists():
        state = State.load(checkpoint, identity=identity)
        trace = _restore(algorithm, state)
    while algorithm.has_next():
        algorithm.next()
        if algorithm.off is None:
            break  # nothing new is left in the space
        _record(algorithm, trace)
        if checkpoint is not None:
            _state(algorithm, trace, identity).save(checkpoint)
        if callback is not None:
            callback(trace[-1])
    return SearchResult(archive, trace)


def _record(algorithm: PhasedNSGA2, trace: list[TraceRow]) -> None:
    """Add the generation that was just evaluated to archive and trace."""
    archive: Archive = algorithm.mating.archive
    levels, F, G = algorithm.off.get("X", "F", "G")
    generation = len(trace)
    algorithm.off.set("index", len(archive) + np.arange(len(levels)))
    archive.append(levels, F, G, generation=generation)
    front = archive.front()
    trace.append(
        TraceRow(
            generation=generation,
            phase=algorithm.mating.phase.name if generation else "initial",
            evaluations=len(archive),
            best=_best(algorithm.problem, archive.F[front]),
            front=len(front),
        )
    )


def _best(problem: AcceleratorProblem, F: Floats) -> float:
    """Smallest score by the first criterion that guides; infinite without a feasible design."""
    return float(problem.guide_scores(F)[:, 0].min()) if len(F) else np.inf


def _identity(
    problem: AcceleratorProblem, budget: int, schedule: Schedule, rng: np.random.Generator
) -> dict[str, Any]:
    """What must agree for a search to go on from a checkpoint, as JSON gives it back."""
    identity = {
        "version": __version__,
        "space": repr(problem.space),
        "workloads": problem.workload_names,
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
    plain: dict[str, Any] = json.loads(json.dumps(identity, default=np.ndarray.tolist))
    return plain


def _state(algorithm: PhasedNSGA2, trace: list[TraceRow], identity: dict[str, Any]) -> State:
    archive: Archive = algorithm.mating.archive
    return State(
        identity=identity,
        random=algorithm.random_state.bit_generator.state,
        trace=[asdict(row) for row in trace],
        levels=archive.levels,
        F=archive.F,
        G=archive.G,
        generation=archive.generation,
        population=algorithm.pop.get("index").astype(np.int64),
    )


def _restore(algorithm: PhasedNSGA2, state: State) -> list[TraceRow]:
    """Put a fresh algorithm where the checkpoint left off; returns the trace until there.

    Raises:
        ValueError: the cost model gives other figures than when the checkpoint was made.
    """
    F, G = algorithm.problem.evaluate(state.levels[:PROOF], return_values_of=["F", "G"])
    if not (np.allclose(F, state.F[:PROOF], atol=0) and np.allclose(G, state.G[:PROOF])):
        raise ValueError("the checkpoint was made with another cost model: its figures differ")
    archive: Archive = algorithm.mating.archive
    for generation in range(len(state.trace)):
        rows = state.generation == generation
        archive.append(state.levels[rows], state.F[rows], state.G[rows], generation=generation)
    index = state.population
    algorithm._initialize()
    algorithm.pop = Population.new(
        X=archive.levels[index], F=archive.F[index], G=archive.G[index], index=index
    )
    algorithm.is_initialized = True
    algorithm.n_iter = len(state.trace) + 1
    algorithm.evaluator.n_eval = len(archive)
    algorithm.termination.update(algorithm)
    algorithm.random_state.bit_generator.state = state.random
    return [TraceRow(**row) for row in state.trace]
