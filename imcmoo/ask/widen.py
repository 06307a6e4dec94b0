"""Widen the lists of a study until the best design is at no end that the cost model could pass.

study.widen().rounds
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from imcmoo.answers import certificates
from imcmoo.answers.answer import Answer, answer_from_certificates, answer_from_enumeration
from imcmoo.answers.list_ends import (
    OpenEnd,
    open_ends_in,
)
from imcmoo.ask.wider_studies import (
    WiderStudy,
    extend_all_ends,
    extend_one_end,
    is_comparable,
    widened_name,
)
from imcmoo.exact.check import feasible_costs
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.solve import enumerate as enumerate_study
from imcmoo.solve.certify import write_certificates
from imcmoo.solve.enumerate import enumerate_to
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

FILE = "study.toml"
"""The widened study, in the folder of its results."""

HEADER = "# {}: lists of values widened by imcmoo until no end binds.\n"
"""First line of that file."""

MAX_ROUNDS = 20
"""Largest number of rounds; the lists of the shipped spaces need fewer."""


class Solver(NamedTuple):
    """A way to solve studies, and the folder of their results below that of all results."""

    solve: Callable[..., Answer]
    folder: Callable[..., Path]


Solve = Callable[..., Answer]
"""Finds the best design of a study, whose `start` is the best one of the narrower space; takes
`force` to replace results of another study."""


@dataclass(frozen=True)
class Round:
    """One round: the lists are widened and the study is solved again.

    Args:
        study: the widened study.
        added: new value by parameter.
        left_out: number of values left out by parameter, since the new value does not go with them.
        solved: its best design.
        gain: share by which the score falls; NaN for a regret, whose reference changes as well.
        improves: whether the next round starts from it. One that leaves out values and gains
            nothing only proves that its new value is not needed.
    """

    study: Study
    added: Mapping[str, Any]
    left_out: Mapping[str, int]
    solved: Answer
    gain: float
    improves: bool


@dataclass(frozen=True, repr=False)
class WideningResult:
    """Rounds of widening, from the study as it is; returned by `Study.widen`.

    Args:
        first: the study as it is.
        solved: its best design.
        steps: the rounds; none if no best value is at an end of its list.
        left: ends that stay open: the next value does not go with all others, and these cannot be
            left out.
    """

    first: Study
    solved: Answer
    steps: Sequence[Round]
    left: Sequence[OpenEnd]

    @property
    def study(self) -> Study:
        """The study of the best design: that of the last round that gained something."""
        return next((step.study for step in self._steps_on), self.first)

    @property
    def best(self) -> Answer:
        """The best design."""
        return next((step.solved for step in self._steps_on), self.solved)

    @property
    def _steps_on(self) -> Iterator[Round]:
        """Rounds that others go on from, the last one first."""
        return (step for step in reversed(self.steps) if step.improves)

    @property
    def rounds(self) -> pd.DataFrame:
        """One row per round, the study as it is first: `added`, `designs`, `score`, `gain`."""
        first = ("", self.first.space.size, self.solved.score, math.nan)
        rows = [
            (added_text(step), step.study.space.size, step.solved.score, step.gain)
            for step in self.steps
        ]
        return pd.DataFrame([first, *rows], columns=["added", "designs", "score", "gain"])

    def __repr__(self) -> str:
        n = len(self.steps)
        return f"WideningResult({self.first.name}: {n} round{'s' * (n != 1)})"

    def _repr_html_(self) -> str:
        return self.rounds.to_html(index=False)


def added_text(step: Round) -> str:
    """Values that a round adds and leaves out, as text."""
    values = ((k, f"{v:g}" if isinstance(v, float) else v) for k, v in step.added.items())
    added = ", ".join(f"{name} {value}" for name, value in values)
    fewer = (f"{n} value{'s' * (n > 1)} of {name}" for name, n in step.left_out.items())
    left_out = " and ".join(fewer)
    return f"{added} (without {left_out})" if left_out else added


def widen(
    study: Study,
    solved: Answer,
    solve: Solve,
    folder: Callable[[Study], Path],
    *,
    force: bool = False,
    on_round: Callable[[Round], None] = lambda done: None,
) -> WideningResult:
    """Widen a solved study until no best value is at an end that its model could pass.

    Args:
        study: the study.
        solved: its best design.
        solve: solves a widened study.
        folder: folder of the results of a study, into which each widened study is written.
        force: replace results of other studies; those of widened ones are replaced in any case.
        on_round: called after each round.

    Raises:
        InputError: the cost model does not tell which values it covers, or `MAX_ROUNDS` do not
            suffice.
    """
    model = study.cost_model().shipped
    if not model.offers("check_design"):
        raise InputError(
            f"cost model {study.model} does not tell which values it covers: implement "
            "CostModel.check_design, or list more values in [space]"
        )
    steps: list[Round] = []
    now, best, solved_spaces = study, solved, [study.space]
    while ends := open_ends_in(model, best.design, now.space, solved_spaces):
        name = widened_name(study.name) if now is study else now.name
        wider = extend_all_ends(now, best.design, ends, name) or extend_one_end(
            now, best.design, ends, widened_name(study.name), taken={s.study.name for s in steps}
        )
        if wider is None:
            return WideningResult(study, solved, steps, ends)
        if len(steps) == MAX_ROUNDS:
            raise InputError(
                f"{study.name}: ends of lists still bind after {MAX_ROUNDS} rounds: "
                f"{', '.join(one.end.parameter for one in ends)}; limit the area"
            )
        done = _solved_round(study, wider, best, solve, folder(wider.study), force=force)
        steps.append(done)
        on_round(done)
        solved_spaces.append(done.study.space)
        if done.improves:
            now, best = done.study, done.solved
    return WideningResult(study, solved, steps, [])


def _solved_round(
    first: Study, wider: WiderStudy, best: Answer, solve: Solve, home: Path, *, force: bool
) -> Round:
    """Solve a widened study from the best design so far, and write it into its folder."""
    space = wider.study.space
    (start,) = space.designs(space.levels_of(best.design))
    study = wider.study.replace(file=str(home / FILE), start=start)
    solved = solve(study, force=force or is_widened(home))
    with replacing(home / FILE) as temporary:
        temporary.write_text(HEADER.format(study.name) + study.to_toml(home), encoding="utf-8")
    gain = _gain(first, best.score, solved.score)
    improves = not wider.left_out or _is_better(study, solved, best)
    return Round(study, wider.added, wider.left_out, solved, gain, improves)


def _is_better(study: Study, solved: Answer, former: Answer) -> bool:
    """Check if a design is better than a former one of the same space."""
    problem = study.problem()
    levels = [problem.space.levels_of(each.design) for each in (former, solved)]
    costs = [feasible_costs(problem, design) for design in levels]
    ties = problem.ties(study.resolved_criterion)
    return ties.order([former.score, solved.score], costs)[0] == 1


def widen_study(
    study: Study,
    solver: Solver,
    out: Path,
    *,
    force: bool = False,
    on_round: Callable[[Round], None] = lambda done: None,
) -> WideningResult:
    """Solve a study and its widened ones; see `Study.widen`.

    Args:
        study: the study.
        solver: how each study is solved, such as one of `SOLVERS`.
        out: folder of all results.
        force: replace results of different studies with these names.
        on_round: called after each round.
    """
    return widen(
        study,
        solver.solve(study, out=out, force=force),
        partial(solver.solve, out=out),
        partial(solver.folder, out=out),
        force=force,
        on_round=on_round,
    )


def widen_devices(
    study: StudyOfDevices,
    solver: Solver,
    out: Path,
    *,
    force: bool = False,
    on_round: Callable[[Round], None] = lambda done: None,
) -> dict[str, WideningResult | InputError]:
    """Widen the study of each device by itself; see `StudyOfDevices.widen`.

    Args:
        study: the study that lists devices.
        solver, out, force, on_round: see `widen_study`.
    """
    found: dict[str, WideningResult | InputError] = {}
    for device, one in zip(study.devices, study.studies, strict=True):
        try:
            found[device] = widen_study(one, solver, out, force=force, on_round=on_round)
        except InputError as error:
            found[device] = error
    return found


def _gain(study: Study, before: float, after: float) -> float:
    """Share by which a score falls; NaN if the scores have no common reference."""
    scale = study.resolved_criterion.score_scale
    if not is_comparable(study) or scale.kind == "difference":
        return math.nan
    return -scale.excess(after, before)


def certified(study: Study, out: Path, *, force: bool, **options: Any) -> Answer:
    """The certified answer of a study, by its criterion; writes its certificates.

    Args:
        study: the study.
        out: folder of all results.
        force: replace certificates of a different study of this name.
        options: see `write_certificates`.
    """
    proofs = write_certificates(study, study.default_proof, out, force=force, **options)
    return answer_from_certificates(study, {proof.criterion: proof for proof in proofs})


def enumerated(study: Study, out: Path, *, force: bool, **options: Any) -> Answer:
    """The exact answer of a study, by its criterion; writes it.

    Takes the arguments of `certified`, with `options` of `enumerate_to`.

    Raises:
        InputError: the criterion compares candidates, so it has no optimum.
    """
    usual = {"workers": 1, "on_progress": lambda done, total: None}
    return answer_from_enumeration(
        study, enumerate_to(study, out, force=force, **{**usual, **options})
    )


def is_widened(folder: Path) -> bool:
    """Check if a folder holds results of a study that was widened."""
    try:
        first, *_ = (folder / FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, ValueError):
        return False
    before, after = HEADER.split("{}")
    return first.startswith(before) and first.endswith(after)


SOLVERS: Mapping[str, Solver] = {
    "certify": Solver(certified, certificates.certified_folder),
    "enumerate": Solver(enumerated, enumerate_study.enumeration_folder),
}
"""Solvers that prove the best design, by method."""
