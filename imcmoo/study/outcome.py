"""What a study comes to: its searches, its baselines, and the design that is selected."""

from __future__ import annotations

from dataclasses import dataclass

from imcmoo.problem.score_range import LOG10
from imcmoo.problem.selection import Candidates, Selection, select
from imcmoo.space.design_space import Levels
from imcmoo.study.baselines import Baselines
from imcmoo.study.searches import JOINT, Found
from imcmoo.study.study import Study


@dataclass(frozen=True)
class Outcome:
    """Everything a run knows at its end.

    Args:
        study: what was asked.
        joint: the search for all workloads.
        alone: by workload, the search for it alone; empty without baselines.
        baselines: the design of each of `alone` on all workloads, or None.
        candidates: the front of the joint search.
        selection: what each criterion selects from it.
    """

    study: Study
    joint: Found
    alone: dict[str, Found]
    baselines: Baselines | None
    candidates: Candidates
    selection: Selection

    @classmethod
    def of(cls, study: Study, found: dict[str, Found]) -> Outcome:
        """Compare and select.

        Args:
            found: every search of the study by name.

        Raises:
            ValueError: nothing feasible was found.
        """
        joint = found[JOINT]
        alone = {name: f for name, f in found.items() if name != JOINT}
        baselines = Baselines.of(joint.problem, alone) if alone else None
        candidates = joint.candidates(baselines.best_edap if baselines else None)
        return cls(study, joint, alone, baselines, candidates, select(candidates))

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return self.joint.problem.workload_names

    @property
    def chosen(self) -> int:
        """Index among the candidates of the design the study's criterion selects."""
        return self.selection.chosen[self.criterion]

    @property
    def criterion(self) -> str:
        """Name of the criterion that has the last word."""
        name = self.study.selected_by
        return name if name in self.selection.chosen else f"{LOG10}{name}"

    @property
    def design(self) -> Levels:
        """The generalized design, shape (1, n_parameters)."""
        return self.candidates.levels[[self.chosen]]
