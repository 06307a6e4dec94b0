"""Designs one step away from others, and what they are like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.model.metrics import Bools, Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.study.assessment import Assessment


@dataclass(frozen=True)
class Steps:
    """The neighbours of one design.

    Args:
        here: the design, one row.
        there: its n neighbours.
    """

    here: Assessment
    there: Assessment

    @property
    def broken(self) -> Bools:
        """Whether a neighbour breaks a limit the design keeps, shape (n, n_limits)."""
        return np.asarray((self.there.G > 0) & (self.here.G <= 0))

    def neighbours(self, score: Floats) -> pd.DataFrame:
        """One row per neighbour; see `explanation.TABLES`.

        Args:
            score: of each, shape (n,).
        """
        problem = self.here.problem
        steps = _steps(problem.space, self.here.levels, self.there.levels)
        # Values stay what they are: numbers beside texts, whole numbers beside others.
        names = ["parameter", "before", "after", "beside"]
        table = pd.DataFrame(steps, columns=names, dtype=object)
        table.insert(0, "step", np.arange(len(table)))
        return table.assign(feasible=self.there.feasible, **self.there.of_chip(), score=score)

    def changes(self) -> pd.DataFrame:
        """One row per neighbour and network."""
        names = self.here.problem.workload_names
        n, gain = len(self.there.levels), _gain(self.here, self.there)
        return pd.DataFrame(
            {
                "step": np.repeat(np.arange(n), len(names)),
                "network": np.tile(np.asarray(names), n),
                "runs": self.there.runs.ravel(),
                "gain": gain.ravel(),
            }
        )

    def lacking(self) -> pd.DataFrame:
        """One row per neighbour and limit that it breaks."""
        step, limit = np.nonzero(self.there.told_broken)
        names, networks = zip(*self.there.limit_names, strict=True) if len(limit) else ((), ())
        return pd.DataFrame(
            {
                "step": step,
                "limit": np.array(names, dtype=object)[limit],
                "network": np.array(networks, dtype=object)[limit],
                "excess": self.there.excess[step, limit],
                "missing": self.there.missing[step, limit],
            }
        )


def steps_of(problem: AcceleratorProblem, designs: Levels) -> Iterator[Steps]:
    """The neighbours of several designs, evaluated all at once."""
    around = [problem.space.neighbours(design) for design in designs]
    known = Assessment.of(problem, np.concatenate([designs, *around]))
    at = len(designs)
    for row, own in enumerate(around):
        yield Steps(known.take(slice(row, row + 1)), known.take(slice(at, at + len(own))))
        at += len(own)


def _steps(space: DesignSpace, here: Levels, there: Levels) -> list[tuple[str, Any, Any, str]]:
    """Parameter, value before and after, and what else changes with it."""
    before, after = space.decode(here), space.decode(there)
    found = []
    for row, levels in enumerate(there):
        name = space.names[int(np.argmax(levels != here[0]))]
        beside = [
            f"{other} {after[other][row]}"
            for other in space.names
            if other != name and after[other][row] != before[other][0]
        ]
        found.append((name, before[name][0].item(), after[name][row].item(), ", ".join(beside)))
    return found


def _gain(here: Assessment, there: Assessment) -> Floats:
    """What each network gains, as a share, shape (n, W); NaN where it runs on one only."""
    ratio = there.judged / here.judged
    quantity = here.judged_by
    return ratio - 1.0 if quantity is not None and quantity.sense == "max" else 1.0 - ratio
