"""Exact answer of a study: enumerate it by several processes into a folder, and read it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers.answer import answer_from_enumeration
from imcmoo.answers.executed import Executed
from imcmoo.answers.folder import remove_answer, write_answer
from imcmoo.answers.provenance import REPLACE, other_question, stamp_of_answers
from imcmoo.exact import answer as exact
from imcmoo.exact.behaviour import behaviour_mark
from imcmoo.exact.enumeration import (
    DESIGNS_PER_ENUMERATION_CHUNK,
    Enumeration,
    ExactAnswer,
    NothingFeasible,
    Optimum,
    PartialResult,
    TooMany,
)
from imcmoo.exact.own_criteria import check_own_criteria
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.io.executor import at_once, imap_unordered
from imcmoo.io.files import unchanged
from imcmoo.io.locks import folder_lock
from imcmoo.io.machines import Workers, open_executor
from imcmoo.io.parts import TaskCheckpoints
from imcmoo.io.stamp import Stamp
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.problem.nearest import nearest_text
from imcmoo.solve.confirm import Chip, Confirmation
from imcmoo.space.design_space import Ranks
from imcmoo.study.study import Study

OnProgress = Callable[[int, int], None]
"""Called with the number of finished chunks, and of all chunks."""

MAX_DESIGNS = 10**8
"""Largest number of designs to enumerate (hours of work); certify larger spaces."""

MAPPED_AHEAD = 300_000
"""Chips × networks mapped before the workers start (three seconds of work), at most."""


class NothingToEnumerate(Infeasible):
    """No design of a study is feasible; says which is nearest.

    Args:
        message: the text.
        single_network: single-network optima by `alone_NETWORK`; empty if no network runs on any
            chip.
    """

    def __init__(self, message: str, single_network: Mapping[str, Optimum]) -> None:
        super().__init__(message)
        self.single_network = single_network


@dataclass(frozen=True, repr=False)
class ExactOptima:
    """Exact optima and Pareto front of a study, as tables; returned by `Study.enumerate`.

    Args:
        study: the enumerated study.
        answer: its exact answer.
    """

    study: Study
    answer: ExactAnswer

    @cached_property
    def optima(self) -> pd.DataFrame:
        """Optimum of each criterion and the designs that reach it; columns as in optima.csv."""
        return exact.optima_table(self.answer, self.study.problem())

    @cached_property
    def front(self) -> pd.DataFrame:
        """Points of the Pareto front, with one design each; columns as in front.csv."""
        return exact.front_table(self.answer, self.study.problem())

    def __repr__(self) -> str:
        return (
            f"ExactOptima({self.study.name}: {self.answer.n_feasible:,} feasible designs, "
            f"{len(self.answer.front):,} on the front)"
        )

    def _repr_html_(self) -> str:
        return self.optima.to_html(index=False)


def enumeration_folder(study: Study, out: Path) -> Path:
    """Folder of the exact answer of a study."""
    return out / "enumerated" / study.name


def enumerate_to(
    study: Study,
    out: Path,
    *,
    force: bool = False,
    workers: Workers,
    on_progress: OnProgress,
    **more: Any,
) -> ExactAnswer:
    """Enumerate a study into its folder below `out`; see `enumerate_study`.

    Args:
        study: the study.
        out: folder of all results.
        force: replace the answer of a different study with the same name.
        workers, on_progress, more: see `enumerate_study`.

    Raises:
        InputError: the folder is in use or holds the answer of another study, or see
            `enumerate_study`.
    """
    folder = enumeration_folder(study, out)
    with folder_lock(folder):
        if not force:
            check_replaceable(study, folder)
        answer = enumerate_study(study, folder, workers=workers, on_progress=on_progress, **more)
        if study.answer_name in answer.optima:  # a criterion that compares candidates has none
            write_answer(answer_from_enumeration(study, answer), folder)
        else:
            remove_answer(folder)
        return answer


def enumerate_study(
    study: Study,
    folder: Path,
    *,
    workers: Workers,
    on_progress: OnProgress,
    on_estimate: Callable[[float], None] = lambda seconds: None,
    on_screened: OnProgress = lambda done, total: None,
    on_executed: Callable[[Executed], None] = lambda record: None,
) -> ExactAnswer:
    """Evaluate every design of a study, continuing an interrupted enumeration.

    Args:
        study: the study.
        folder: folder of the answer; locked by this process.
        workers: number of processes, or a pool of other machines.
        on_progress: called after every chunk.
        on_estimate: called once, after the first chunk, with the estimated remaining time, s.
        on_screened: called before the first chunk with the number of screened mapping keys, and of
            all.
        on_executed: called with the record of each network that is executed.

    Raises:
        InputError: no design is feasible, more than `MAX_DESIGNS` remain, or a user's criterion
            fails `check_own_criteria`.
    """
    _enumeration.cache_clear()  # a network's file may have changed since
    problem = study.problem()
    check_own_criteria(problem)
    began_as = stamp_of_answers(study)
    options = workers, on_progress, on_estimate, on_screened
    confirmation = Confirmation(study, on_executed=on_executed)
    answer = confirmation.until_works(
        lambda asked: _enumerated_in(folder, asked, began_as, *options),
        lambda answer: enumerated_chips(study, answer),
    )
    answer = replace(answer, **confirmation.stated(enumerated_chips(study, answer)))
    exact.save(answer, folder, problem, began_as)
    TaskCheckpoints(folder, "").remove()
    return answer


def enumerated_chips(study: Study, answer: ExactAnswer) -> list[Chip]:
    """Chips of an exact answer whose networks must work: the best by the criterion of the study,
    and those that this rests on."""
    name, tolerance = study.answer_name, study.nearly_best
    if name not in answer.optima:
        return []
    networks: dict[str, str] = {}
    if study.resolved_criterion.is_regret:
        kind = SINGLE_NETWORK if study.baselines else "edap_"
        networks = {f"{kind}{n}": n if study.baselines else "" for n in study.names}
    if tolerance is not None:
        networks[tolerance.first_name] = ""
    named = {**networks, name: ""}
    return [
        Chip(study.space.unrank(answer.optima[score].ranks[:1]), network)
        for score, network in named.items()
        if score in answer.optima  # regrets of a model without networks alone are joint
    ]


def _enumerated_in(
    folder: Path,
    study: Study,
    began_as: Stamp,
    workers: Workers,
    on_progress: OnProgress,
    on_estimate: Callable[[float], None],
    on_screened: OnProgress,
) -> ExactAnswer:
    """Evaluate every design of a study without the circuits that failed.

    Raises:
        InputError: see `enumerate_study`.
    """
    enumeration = _enumeration(study)
    problem = enumeration.problem
    chunks = _chunks(study, enumeration, on_screened)
    chunked = f"by {DESIGNS_PER_ENUMERATION_CHUNK} in the order of {enumeration.mapping_parameters}"
    failed = f" without {study.failed}" if study.failed else ""
    parts = TaskCheckpoints(folder, f"{behaviour_mark(problem)} {chunked}{failed}")
    todo = [i for i in range(len(chunks)) if i not in parts]
    on_progress(len(parts), len(chunks))
    if isinstance(workers, int) and todo:
        # Forked workers inherit the caches. Larger amounts of work are faster in the workers.
        most = MAPPED_AHEAD // len(problem.workload_names)
        problem.model.prepare(problem.largest_area_m2, at_most=most)
    for done in _evaluate_all(study, chunks, todo, parts, workers, on_estimate):
        on_progress(done, len(chunks))
    answer = _merged(enumeration, parts, len(chunks))
    if differs := stamp_of_answers(study).difference(began_as.to_json()):
        parts.remove()
        raise InputError(f"{study.name} was edited while it was enumerated: it is of {differs} now")
    return answer


def _evaluate_all(
    study: Study,
    chunks: Sequence[Ranks],
    todo: Sequence[int],
    parts: TaskCheckpoints,
    workers: Workers,
    on_estimate: Callable[[float], None],
) -> Iterator[int]:
    """Evaluate and store the chunks `todo`; yields the number of stored ones after each."""
    asked = study if isinstance(workers, int) else study.with_absolute_paths()
    with open_executor(workers, len(todo)) as executor:
        left = (chunks[i] for i in todo)
        for index, (result, seconds) in imap_unordered(executor, partial(_evaluated, asked), left):
            if len(parts) == len(chunks) - len(todo):
                on_estimate(seconds * (len(todo) - 1) / at_once(executor))
            parts.save(todo[index], _as_arrays(result))
            yield len(parts)


def check_replaceable(study: Study, folder: Path) -> None:
    """Check that a folder does not hold the answer of a different study with the same name.

    Raises:
        InputError: it does; says what differs.
    """
    try:
        summary = exact.read_summary(folder)
    except (FileNotFoundError, InputError):
        return
    if differs := other_question(study, summary.get("stamp")):
        raise InputError(f"{folder} is of {differs}; {REPLACE}")


def _chunks(study: Study, enumeration: Enumeration, on_screened: OnProgress) -> list[Ranks]:
    """Chunks to evaluate; refuses a study without any, or with too many designs."""
    try:
        chunks = enumeration.chunks(at_most=MAX_DESIGNS, on_screened=on_screened)
    except TooMany as error:
        raise InputError(
            f"{study.name}: {error.left:,} designs are left to enumerate, more than "
            f"{MAX_DESIGNS:,}: find the best by one criterion, with proof, by "
            f"`imcmoo certify {study.file or study.name}`"
        ) from None
    if not chunks:
        raise NothingToEnumerate(nothing_feasible(enumeration.problem), {})
    return chunks


def _merged(enumeration: Enumeration, parts: TaskCheckpoints, n_chunks: int) -> ExactAnswer:
    """Merge and remove all chunks; refuses the study if no design is feasible."""
    problem = enumeration.problem
    try:
        return enumeration.merge([_from_arrays(parts.load(i)) for i in range(n_chunks)])
    except NothingFeasible as error:
        parts.remove()
        nearest = nearest_text(problem, error.nearest) if problem.limits else None
        text = nearest or nothing_feasible(problem)
        raise NothingToEnumerate(text, error.single_network) from None


@lru_cache(maxsize=1)
def _enumeration(study: Study) -> Enumeration:
    """The enumeration, created once per process."""
    return Enumeration(study.problem())


def _evaluated(study: Study, keys: Ranks) -> tuple[PartialResult, float]:
    """Evaluate a chunk; also returns the time it took, s."""
    enumeration = _enumeration(study)
    began = time.perf_counter()
    return enumeration.evaluate_chunk(keys), time.perf_counter() - began


def _as_arrays(result: PartialResult) -> dict[str, Any]:
    return {
        "n_feasible": result.n_feasible,
        "ranks": result.ranks,
        "F": result.F,
        "alone": np.array([o.value for o in result.single_network]),
        "violation": result.nearest.value,
        "nearest": result.nearest.ranks,
        **{f"alone_ranks_{w}": o.ranks for w, o in enumerate(result.single_network)},
    }


def _from_arrays(stored: dict[str, Any]) -> PartialResult:
    single = [
        Optimum(float(value), stored[f"alone_ranks_{w}"]) for w, value in enumerate(stored["alone"])
    ]
    nearest = Optimum(float(stored["violation"]), stored["nearest"])
    return PartialResult(int(stored["n_feasible"]), stored["ranks"], stored["F"], single, nearest)


def find_answer(
    study: Study, results: Path, report: Callable[[str], None] | None = None
) -> ExactAnswer | None:
    """Find the exact answer of a study; None if there is none of this problem.

    Args:
        report: called with a line if there is one with another stamp or of another cost model.

    Raises:
        InputError: the answer is damaged or, without `report`, has another stamp or is of another
            cost model.
    """
    folder = enumeration_folder(study, results)
    try:
        with unchanged(folder / exact.SUMMARY):
            return exact.load(folder, study.problem(), stamp_of_answers(study))
    except FileNotFoundError:
        return None
    except exact.OtherProblem as error:
        if report:
            report(f"{error}: it is not used; enumerate again")
            return None
        raise InputError(
            f"{error}: run `imcmoo enumerate {study.file or study.name}` again or remove it"
        ) from None
