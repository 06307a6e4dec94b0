"""Proofs and scores of many draws, by several processes, with finished draws kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from imcmoo.answers.provenance import stamp_of_answers
from imcmoo.arrays import Floats
from imcmoo.io.executor import imap_unordered
from imcmoo.io.machines import open_executor
from imcmoo.io.parts import TaskCheckpoints
from imcmoo.solve.draws import BestChip, DrawTask, optima_of_draws, prove_draws, scores_of_draws
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

Result = TypeVar("Result")

DRAWS_PER_TASK = 8
"""Draws of a task: what an interrupt loses at most, for each process."""

ANSWER_SETTINGS = ("draws", "criterion", "quantile")
"""Settings of the draws that change no proof of one."""

OPTIMA, CHIP = 0, 1
"""Kinds of parts, two for each draw."""

OnDraw = Callable[[str, int, int], None]
"""Called with the kind of work, and the numbers of finished draws and of all."""


class DrawWork:
    """Proofs and scores of the draws of one device.

    Args:
        study: its study, with the key `uncertainty`.
        folder: where finished draws are kept; None to keep none.
        rivals: names of all devices that a regret is against.
        workers: number of processes.
        on_draw: called as draws are finished.
    """

    def __init__(
        self,
        study: Study,
        folder: Path | None,
        *,
        rivals: Sequence[str],
        workers: int,
        on_draw: OnDraw,
    ) -> None:
        self.study = study
        self._workers = workers
        self._on_draw = on_draw
        self._parts = None
        if folder is not None:
            self._parts = TaskCheckpoints(folder, _digest(study, rivals))

    def optima(self, draws: Sequence[int]) -> Floats:
        """Best EDAP of each network in each draw, J·s·mm², shape (n_draws, W)."""
        found = self._done(
            "optima",
            OPTIMA,
            draws,
            lambda some: DrawTask(self.study, some),
            optima_of_draws,
            lambda optima: {"optima": optima},
            lambda stored: np.asarray(stored["optima"]),
        )
        return np.array(found)

    def best(self, draws: Sequence[int], optima: Floats | None) -> list[BestChip]:
        """Proven best chips of draws, against `optima` of each, shape (n_draws, W), if any."""
        at = {draw: i for i, draw in enumerate(draws)}
        return self._done(
            "draws proven",
            CHIP,
            draws,
            lambda some: DrawTask(
                self.study, some, None if optima is None else optima[[at[draw] for draw in some]]
            ),
            prove_draws,
            lambda chip: {"levels": chip.levels, "value": chip.value, "bound": chip.bound},
            lambda stored: BestChip(
                stored["levels"], float(stored["value"]), float(stored["bound"])
            ),
        )

    def scores(self, levels: Levels, n_draws: int, optima: Floats | None) -> Floats:
        """Scores of chips in all draws, infinite where infeasible, shape (n_chips, n_draws)."""
        scores = np.empty((len(levels), n_draws))
        blocks = list(_blocks(range(n_draws)))
        tasks = (
            DrawTask(self.study, some, None if optima is None else optima[some], levels)
            for some in blocks
        )
        done = 0
        with open_executor(self._workers, len(blocks)) as executor:
            for index, values in imap_unordered(executor, scores_of_draws, tasks):
                scores[:, blocks[index]] = values
                done += len(blocks[index])
                self._on_draw("draws of all candidates", done, n_draws)
        return scores

    def _done(
        self,
        what: str,
        kind: int,
        draws: Sequence[int],
        task_of: Callable[[Sequence[int]], DrawTask],
        work: Callable[[DrawTask], list[Result]],
        to_arrays: Callable[[Result], dict[str, object]],
        of_arrays: Callable[[dict[str, Any]], Result],
    ) -> list[Result]:
        """Results of draws: kept ones, and new ones, which are kept."""
        parts, found = self._parts, {}
        for draw in draws:
            if parts is not None and 2 * draw + kind in parts:
                found[draw] = of_arrays(parts.load(2 * draw + kind))
        blocks = list(_blocks([draw for draw in draws if draw not in found]))
        self._on_draw(what, len(found), len(draws))
        with open_executor(self._workers, len(blocks)) as executor:
            for index, results in imap_unordered(executor, work, map(task_of, blocks)):
                for draw, result in zip(blocks[index], results, strict=True):
                    found[draw] = result
                    if parts is not None:
                        parts.save(2 * draw + kind, to_arrays(result))
                self._on_draw(what, len(found), len(draws))
        return [found[draw] for draw in draws]


def _blocks(draws: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(draws), DRAWS_PER_TASK):
        yield [*draws[at : at + DRAWS_PER_TASK]]


def _digest(study: Study, rivals: Sequence[str]) -> str:
    """Digest of all that the proofs of draws depend on."""
    assert study.uncertainty is not None, "the study says how its costs are drawn"
    settings = study.uncertainty.model_dump(mode="json", exclude={*ANSWER_SETTINGS})
    text = json.dumps([stamp_of_answers(study).digest(), settings, list(rivals)])
    return hashlib.sha256(text.encode()).hexdigest()
