"""A finished run: its selected design, Pareto front and explanations, its page and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from html import escape
from pathlib import Path
from typing import ClassVar

import pandas as pd

from imcmoo.answers.explain import explain_run
from imcmoo.answers.explanation import Explanation
from imcmoo.answers.provenance import study_of_run, with_settings_of_run
from imcmoo.answers.results import PAPER, REPORT, SELECTED, Results
from imcmoo.io.errors import InputError
from imcmoo.io.files import check_own_folder, name_os_errors, replacing, writing
from imcmoo.io.locks import folder_lock
from imcmoo.report.answer_card import AnswerCard, card_of_run
from imcmoo.report.page import PAGE, page
from imcmoo.study.devices import DATA, Kinds
from imcmoo.study.study import Study

OnExplained = Callable[[int, int], None]
"""Called with the number of explained designs and of all designs."""


class Run:
    """A finished run: the selected design, the Pareto front, and their explanations.

    `Study.run` returns one. Open a run that a command has written with `Run(folder)`::

        run = Run("results/two/seed-1")
        run.front
        run.explain("front_3")

    Column names of the tables end in their units; docs/files.md describes them.

    Args:
        folder: folder of the run, `OUT/STUDY/seed-N`.
        study: the study. If None, it is found by the name that the run states.
        results: tables of the run of this study. If None, they are read from the folder.

    Raises:
        InputError: the folder has no complete run, a file is damaged, or the run is of another
            study than `study`; says what differs.
    """

    kinds: ClassVar[Kinds] = DATA
    """Classes of the study, if it is found by the name that the run states."""

    def __init__(
        self, folder: str | Path, study: Study | None = None, results: Results | None = None
    ) -> None:
        self.folder = Path(folder)
        self.results = Results.read(self.folder) if results is None else results
        if study is not None and results is None:
            study = with_settings_of_run(study, self.folder, self.results.config)
        self._study = study

    @cached_property
    def study(self) -> Study:
        """The study with the settings of the run.

        Raises:
            InputError: no known study has the name and the settings of the run.
        """
        return self._study or study_of_run(self.folder, self.results.config, None, self.kinds)

    @property
    def design(self) -> pd.DataFrame:
        """The selected design and its costs, one row."""
        return self.results.selected.reset_index(drop=True)

    @property
    def front(self) -> pd.DataFrame:
        """The Pareto front, one row per design."""
        return self.results.front

    @property
    def regret(self) -> pd.DataFrame | None:
        """Regret against the exact optimum, one row per criterion; None without an exact answer.

        `regret_selected` is the regret of the design that the criterion selects, as a share.
        `Study.enumerate` gives the exact answer to later runs with the same `out`.
        """
        return self.results.regret

    def explain(
        self, design: str = SELECTED, *, progress: OnExplained | None = None
    ) -> Explanation:
        """Explain a design: bottlenecks, breakdowns, and the effect of each parameter.

        Args:
            design: "selected", the name of a criterion for the design it selects, `alone_NETWORK`,
                or `front_N` for row N of the front, counted from 1.
            progress: called after each design if designs of the front must be explained.

        Raises:
            InputError: there is no such design, or the run is of another study or cost model.
        """
        stored = _by_name(self.results.explanations)
        if design in stored:
            return stored[design]
        if stored:  # all names are stored, so the study is not needed
            self._check_name(design, stored)
        explained = _by_name(self.explain_front(progress=progress))
        if design not in explained:
            raise InputError(
                f"{self.folder} explains no design '{design}'; known: {', '.join(explained)}"
            )
        return explained[design]

    def explain_front(self, *, progress: OnExplained | None = None) -> list[Explanation]:
        """Explain the selected designs and the best designs of the front.

        Raises:
            InputError: the run is of another study or cost model.
        """
        study = self.study
        return explain_run(
            study.problem(),
            study.resolved_criterion,
            self.results,
            front=True,
            on_explained=progress or (lambda done, total: None),
        )

    def report(
        self, path: str | Path | None = None, *, front: bool = False, force: bool = False
    ) -> Path:
        """Write the run as one interactive HTML page.

        Args:
            path: file to write. If None, `report.html` in the folder of the run.
            front: also explain designs of the front.
            force: replace a file that is not such a page.

        Returns:
            Path of the page.

        Raises:
            InputError: the path is a file of another kind.
        """
        explanations = self.explain_front() if front else self.results.explanations
        text = page([(self.results, explanations)])
        if path is None:
            with folder_lock(self.folder), replacing(self.folder / REPORT) as target:
                target.write_text(text, encoding="utf-8")
            return self.folder / REPORT
        with writing(Path(path), ours=PAGE, force=force) as target:
            target.write_text(text, encoding="utf-8")
        return Path(path)

    def figures(self) -> Path:
        """Draw the figures of the run for papers, each as PNG (300 dpi) and PDF.

        Figures are 7.16 inches wide for two columns of a page, and as NAME_narrow 3.5 inches for
        one.

        Returns:
            Folder of the files, `figures/paper` in the folder of the run.

        Raises:
            InputError: another process uses the run, or a file has the name of the folder.
        """
        # Imported on first use: to import Matplotlib takes half a second.
        from imcmoo.report.figures import draw_paper_figures

        home = self.folder / PAPER
        with folder_lock(self.folder), name_os_errors(home):
            for folder in (home.parent, home):
                check_own_folder(folder)
            home.mkdir(parents=True, exist_ok=True)
            draw_paper_figures(self.results, home)
        return home

    @cached_property
    def card(self) -> AnswerCard:
        """The answer: chip, costs beside the limits, proof, what limits it, and the next command.

        Raises:
            InputError: the run stores no explanation, and its study is not known.
        """
        return card_of_run(self.results, self.explain(SELECTED), self._study)

    def __repr__(self) -> str:
        if self.results.explanations:
            return str(self.card)
        return f"Run({self.results.study}: best design by {self.results.criterion})"

    def _repr_html_(self) -> str:
        return self.card._repr_html_() if self.results.explanations else escape(repr(self))

    def _check_name(self, name: str, stored: Iterable[str]) -> None:
        """Refuse a name that no design has, without the study."""
        (_, criteria), (_, front) = self.results.named[-2:]
        names = [*dict.fromkeys([*stored, *criteria])]
        if name not in names and name not in front:
            raise InputError(
                f"{self.folder} explains no design '{name}'; known: {', '.join(names)}, "
                f"{front[0]} to {front[-1]}"
            )


def _by_name(explanations: Iterable[Explanation]) -> dict[str, Explanation]:
    return {name: explanation for explanation in explanations for name in explanation.names}
