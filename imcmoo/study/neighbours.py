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
        design: the design, one row.
        around: its n neighbours.
    """

    design: Assessment
    around: Assessment

    @property
    def broken(self) -> Bools:
        """True where a neighbour breaks a limit the design keeps, shape (n, n_limits)."""
        return np.asarray((self.around.G > 0) & (self.design.G <= 0))

    def limits(self) -> pd.DataFrame:
        """One row per limit of the chip or of a network, as it is for the design."""
        design = self.design
        return pd.DataFrame(
            {
                "limit": [limit for limit, _ in design.limit_names],
                "network": [network for _, network in design.limit_names],
                "used": design.used()[0],
                "excess": design.excess[0],
                "missing": design.missing[0],
                "stops": self.broken.sum(axis=0),
            }
        )

    def neighbours(self, score: Floats) -> pd.DataFrame:
        """One row per neighbour; see `explanation.TABLES`.

        Args:
            score: of each, shape (n,).
        """
        problem = self.design.problem
        steps = _steps(problem.space, self.design.levels, self.around.levels)
        # Values stay what they are: numbers beside texts, whole numbers beside others.
        names = ["parameter", "before", "after", "beside"]
        table = pd.DataFrame(steps, columns=names, dtype=object)
        table.insert(0, "step", np.arange(len(table)))
        return table.assign(feasible=self.around.feasible, **self.around.of_chip(), score=score)

    def changes(self) -> pd.DataFrame:
        """One row per neighbour and network."""
        names = self.design.problem.workload_names
        n, quantity = len(self.around.levels), self.design.judged_by
        # NaN where a network runs on one of the two only.
        ratio = self.around.judged / self.design.judged
        is_large_good = quantity is not None and quantity.sense == "max"
        gain = ratio - 1.0 if is_large_good else 1.0 - ratio
        return pd.DataFrame(
            {
                "step": np.repeat(np.arange(n), len(names)),
                "network": np.tile(np.asarray(names), n),
                "runs": self.around.runs.ravel(),
                "gain": gain.ravel(),
            }
        )

    def lacking(self) -> pd.DataFrame:
        """One row per neighbour and limit that it breaks."""
        step, limit = np.nonzero(self.around.certainly_broken)
        names, networks = zip(*self.around.limit_names, strict=True) if len(limit) else ((), ())
        return pd.DataFrame(
            {
                "step": step,
                "limit": np.array(names, dtype=object)[limit],
                "network": np.array(networks, dtype=object)[limit],
                "excess": self.around.excess[step, limit],
                "missing": self.around.missing[step, limit],
            }
        )


def steps_of(problem: AcceleratorProblem, designs: Levels) -> Iterator[Steps]:
    """The neighbours of several designs, evaluated all at once."""
    around = [problem.space.neighbours(design) for design in designs]
    assessed = Assessment.of(problem, np.concatenate([designs, *around]))
    at = len(designs)
    for row, neighbours in enumerate(around):
        yield Steps(
            assessed.take(slice(row, row + 1)), assessed.take(slice(at, at + len(neighbours)))
        )
        at += len(neighbours)


def _steps(space: DesignSpace, design: Levels, around: Levels) -> list[tuple[str, Any, Any, str]]:
    """Parameter, value before and after, and what else changes with it."""
    before, after = space.decode(design), space.decode(around)
    steps = []
    for row, levels in enumerate(around):
        name = space.names[int(np.argmax(levels != design[0]))]
        beside = [
            f"{other} {after[other][row]}"
            for other in space.names
            if other != name and after[other][row] != before[other][0]
        ]
        steps.append((name, before[name][0].item(), after[name][row].item(), ", ".join(beside)))
    return steps
