"""Widen the lists of a study until the best design is at no end that the cost model could pass.

study.widen().rounds
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.space.design_space import DesignSpace
from imcmoo.study import certify_study, enumerate_study
from imcmoo.study.certify_study import certify_to
from imcmoo.study.enumerate_study import enumerate_to
from imcmoo.study.list_ends import OpenEnd, open_ends, wider_spaces
from imcmoo.study.study import Study

if TYPE_CHECKING:
    from imcmoo.run import Run

SUFFIX = "-widened"
"""End of the name of a widened study."""

FILE = "study.toml"
"""The widened study, in the folder of its results."""

HEADER = "# {}: lists of values widened by imcmoo until no end binds.\n"
"""First line of that file."""

MOST_ROUNDS = 20
"""Largest number of rounds; the lists of the shipped spaces need fewer."""


@dataclass(frozen=True)
class Solved:
    """The best design of a study.

    Args:
        design: value of each parameter and fixed value.
        score: its score by the criterion of the study.
        answer: the certificate, the exact answer, or the run that it is of.
    """

    design: Mapping[str, Any]
    score: float
    answer: Any = None


Solve = Callable[..., Solved]
"""Finds the best design of a study; takes the best one of the narrower space as a start, and
`force` to replace results of another study."""


@dataclass(frozen=True)
class Round:
    """One round: the lists are widened and the study is solved again.

    Args:
        study: the widened study.
        added: new value by parameter.
        solved: its best design.
        gain: share by which the score falls; NaN for a regret, whose reference changes as well.
    """

    study: Study
    added: Mapping[str, Any]
    solved: Solved
    gain: float


@dataclass(frozen=True, repr=False)
class Widening:
    """Rounds of widening, from the study as it is; returned by `Study.widen`.

    Args:
        first: the study as it is.
        solved: its best design.
        steps: the rounds; none if no end of a list binds.
        left: ends that bind in the last study, whose space takes no more values.
    """

    first: Study
    solved: Solved
    steps: Sequence[Round]
    left: Sequence[OpenEnd]

    @property
    def study(self) -> Study:
        """The last study."""
        return self.steps[-1].study if self.steps else self.first

    @property
    def best(self) -> Solved:
        """Its best design."""
        return self.steps[-1].solved if self.steps else self.solved

    @property
    def rounds(self) -> pd.DataFrame:
        """One row per round, the study as it is first: `added`, `designs`, `score`, `gain`."""
        first = ("", self.first.space.size, self.solved.score, math.nan)
        rows = [
            (added_text(step.added), step.study.space.size, step.solved.score, step.gain)
            for step in self.steps
        ]
        return pd.DataFrame([first, *rows], columns=["added", "designs", "score", "gain"])

    def __repr__(self) -> str:
        n = len(self.steps)
        return f"Widening({self.first.name}: {n} round{'s' * (n != 1)})"

    def _repr_html_(self) -> str:
        return self.rounds.to_html(index=False)


def added_text(added: Mapping[str, Any]) -> str:
    """Values by parameter, as text."""
    values = ((k, f"{v:g}" if isinstance(v, float) else v) for k, v in added.items())
    return ", ".join(f"{name} {value}" for name, value in values)


def widen(
    study: Study,
    solved: Solved,
    solve: Solve,
    folder: Callable[[Study], Path],
    *,
    force: bool = False,
    on_round: Callable[[Round], None] = lambda done: None,
) -> Widening:
    """Widen a solved study until no end of a list binds that its model could pass.

    Args:
        study: the study.
        solved: its best design.
        solve: solves a widened study.
        folder: folder of the results of a study, into which each widened study is written.
        force: replace results of other studies; those of widened ones are replaced in any case.
        on_round: called after each round.

    Raises:
        InputError: the cost model does not tell which values it covers, or `MOST_ROUNDS` do not
            suffice.
    """
    if not study.cost_model().shipped.offers("check_design"):
        raise InputError(
            f"cost model {study.model} does not tell which values it covers: implement "
            "CostModel.check_design, or list more values in [space]"
        )
    steps: list[Round] = []
    now, best = study, solved
    while ends := open_ends(now.cost_model(), now.space.levels_of(best.design)):
        wider, added = widened(now, best.design, ends)
        if not added:
            return Widening(study, solved, steps, ends)
        if len(steps) == MOST_ROUNDS:
            raise InputError(
                f"{study.name}: ends of lists still bind after {MOST_ROUNDS} rounds: "
                f"{', '.join(one.end.parameter for one in ends)}; limit the area"
            )
        home = folder(wider)
        wider = wider.replace(file=str(home / FILE))
        found = solve(wider, best.design, force=force or is_widened(home))
        with replacing(home / FILE) as temporary:
            temporary.write_text(HEADER.format(wider.name) + wider.to_toml(), encoding="utf-8")
        steps.append(Round(wider, added, found, _gain(study, best.score, found.score)))
        on_round(steps[-1])
        now, best = wider, found
    return Widening(study, solved, steps, [])


def widen_study(
    study: Study,
    method: str,
    out: Path,
    *,
    force: bool = False,
    on_round: Callable[[Round], None] = lambda done: None,
) -> Widening:
    """Solve a study and its widened ones; see `Study.widen`."""
    if method not in SOLVERS:
        raise InputError(f"unknown method {method!r}; known: {', '.join(SOLVERS)}")
    solve, folder = SOLVERS[method]
    return widen(
        study,
        solve(study, None, out=out, force=force),
        partial(solve, out=out),
        partial(folder, out=out),
        force=force,
        on_round=on_round,
    )


def widened(
    study: Study, design: Mapping[str, Any], ends: Sequence[OpenEnd]
) -> tuple[Study, dict[str, Any]]:
    """A study with one more value beyond each end, as far as its space takes them.

    Args:
        study: the study.
        design: a design of it that has the ends.
        ends: the ends.

    Returns:
        The study, whose name ends in `SUFFIX`, and the new value by parameter.
    """
    model, added = study.cost_model().shipped, {}
    wider = _with_space(study, study.space)
    for one in ends:
        for space, value in wider_spaces(model, wider.space, design, one.end):
            try:
                made = _with_space(study, space)
                made.problem()
            except ValueError:  # some combination with other values is refused
                continue
            wider, added[one.end.parameter] = made, value
            break
    return wider, added


def _with_space(study: Study, space: DesignSpace) -> Study:
    name = widened_name(study.name)
    return study.replace(name=name, space=replace(space, name=name))


def widened_name(name: str) -> str:
    """Name of a widened study, of one device if the study is."""
    stem, slash, device = name.partition("/")
    return name if stem.endswith(SUFFIX) else f"{stem}{SUFFIX}{slash}{device}"


def _gain(study: Study, before: float, after: float) -> float:
    """Share by which a score falls; NaN if the scores have no common reference."""
    criterion = study.asked_criterion
    if study.tolerance is not None or criterion.is_regret or criterion.scale == "difference":
        return math.nan
    if criterion.scale == "log10":
        return float(1 - 10.0 ** (after - before))
    return 1 - after / before


def certified(
    study: Study, start: Mapping[str, Any] | None, out: Path, *, force: bool, **options: Any
) -> Solved:
    """The certified design of a study, by its criterion; writes its certificates.

    Args:
        study: the study.
        start: a design to begin with, if there is one.
        out: folder of all results.
        force: replace certificates of a different study of this name.
        options: see `certify_to`.
    """
    criterion = study.asked_criterion.name
    if start is not None:
        options["start"] = study.space.levels_of(start)
    *_, best = certify_to(study, criterion, out, force=force, **options)
    return Solved(best.design, best.value, best)


def enumerated(
    study: Study, start: Mapping[str, Any] | None, out: Path, *, force: bool, **options: Any
) -> Solved:
    """The exact optimum of a study, by its criterion; writes its answer.

    Takes the arguments of `certified`, with `options` of `enumerate_to`.
    """
    usual = {"workers": 1, "on_progress": lambda done, total: None}
    return of_answer(study, enumerate_to(study, out, force=force, **{**usual, **options}))


def searched(
    study: Study, start: Mapping[str, Any] | None, out: Path, *, force: bool, **options: Any
) -> Solved:
    """The selected design of a run of a study; writes the run.

    Takes the arguments of `certified`, with `options` of `run_studies`.
    """
    from imcmoo.run import run_studies  # above this package

    (run,) = run_studies([study], out, force=force, **options)
    return of_run(study, run)


def of_run(study: Study, run: Run) -> Solved:
    """The selected design of a run."""
    names = (*study.space.names, *study.space.fixed)
    row = run.design.iloc[0].to_dict()
    design = {name: row[name] for name in names if name in row}
    return Solved({**study.space.fixed, **design}, run.explain().score, run)


def of_answer(study: Study, answer: ExactAnswer) -> Solved:
    """The best design of an exact answer.

    Raises:
        InputError: the criterion compares candidates, so it has no optimum.
    """
    if study.answered_by not in answer.optima:
        raise InputError(f"criterion {study.criterion} has no optimum, so nothing is widened")
    best = answer.optima[study.answered_by]
    (design,) = study.space.designs(study.space.unrank(best.ranks[:1]))
    return Solved(design, best.value, answer)


def is_widened(folder: Path) -> bool:
    """Check if a folder holds results of a study that was widened."""
    try:
        first, *_ = (folder / FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, ValueError):
        return False
    before, after = HEADER.split("{}")
    return first.startswith(before) and first.endswith(after)


def home_of_run(study: Study, out: Path) -> Path:
    """Folder of the runs of a study."""
    return out / study.name


SOLVERS: Mapping[str, tuple[Callable[..., Solved], Callable[..., Path]]] = {
    "certify": (certified, certify_study.folder_of),
    "enumerate": (enumerated, enumerate_study.folder_of),
    "run": (searched, home_of_run),
}
"""Solver and folder of results, by method."""
