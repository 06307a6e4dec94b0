"""The answer card: one chip, its costs beside the limits of the study, and how good it is.

`Run.card` returns one: `print(run.card)` shows it, `run.card.to_markdown()` is text for a document.
"""

from __future__ import annotations

import math
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers.answers import Answers
from imcmoo.answers.cautions import caution, caution_of_calibration
from imcmoo.answers.certificates import (
    certificate_of_answer,
    certificates_folder,
    excess_over_proven,
)
from imcmoo.answers.explain import explain
from imcmoo.answers.explanation import Explanation
from imcmoo.answers.list_ends import OpenEnd, ends_table
from imcmoo.answers.provenance import CERTIFIED, ENUMERATED, SEARCHED, study_of_run
from imcmoo.answers.results import Results
from imcmoo.answers.robust_folder import robust_folder, robust_note
from imcmoo.display.labels import label
from imcmoo.display.limits import ends_text
from imcmoo.display.table import Table
from imcmoo.exact.certificate import EXACT, Certificate, certified_reference
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ROUNDING, ExactRegret
from imcmoo.io.errors import InputError
from imcmoo.report.card_lines import (
    accuracy_lines,
    binding_limits,
    bottlenecks,
    chip_lines,
    cited,
    cost_lines,
    joined,
    n_designs,
    near_limits,
    network_lines,
    score_lines,
    tolerance_text,
)
from imcmoo.space.design_space import Levels
from imcmoo.study import catalogue
from imcmoo.study.study import Study
from imcmoo.study.study_file import STUDY

WIDTH = 100
"""Columns of a card outside a terminal."""

NOT_PROVEN = "not proven"
"""Beginning of what a card says of a design without proof."""


CAUTION, ENDS, NEXT = "caution", "ends of lists", "next"
ROBUST = "uncertain costs"
"""Headings of lines."""


@dataclass(frozen=True, repr=False)
class AnswerCard:
    """Lines of a card; `str(card)` is its text.

    Args:
        title: study, networks and criterion.
        rows: heading and text of each line.
        networks: indices in `rows` of the lines on networks.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    networks: range = range(0)

    @property
    def headline(self) -> str:
        """First sentence of the caution, without full stop; empty if the card begins with the
        caution or has none."""
        if self.rows[0][0] == CAUTION:
            return ""
        return dict(self.rows).get(CAUTION, "").split(". ")[0].rstrip(".")

    @property
    def table(self) -> Table:
        """The card as a table."""
        return Table((), self.rows, self.title, kind="card")

    def text(self, width: int = WIDTH) -> str:
        """The card for a width in columns, one line per row, longer ones wrapped."""
        room = max(len(heading) for heading, _ in self.rows) + 2
        lines = [
            textwrap.fill(
                text,
                max(width, room + 20),
                initial_indent=f"  {heading:{room}}",
                subsequent_indent=" " * (room + 2),
                break_on_hyphens=False,
            )
            for heading, text in self.rows
        ]
        return "\n".join([*textwrap.wrap(self.title, max(width, 1)), *lines])

    def to_markdown(self) -> str:
        """The card as a table of Markdown."""
        return self.table.to_markdown()

    def to_latex(self) -> str:
        """The card as a table of LaTeX, for the package booktabs."""
        return self.table.to_latex()

    def after_widening(self, left: Sequence[OpenEnd]) -> AnswerCard:
        """The card of a widened study, with only the ends that no round has closed."""
        text = ends_text(ends_table(left), widened=True)
        rows = tuple(row for row in self.rows if row[0] != ENDS)
        return replace(self, rows=rows)._with_row(ENDS, text)

    def with_robustness(self, text: str) -> AnswerCard:
        """The card with a line on uncertain costs; the card itself if the text is empty."""
        return self._with_row(ROBUST, text)

    def _with_row(self, heading: str, text: str) -> AnswerCard:
        """The card with a row before the next command, if there is a text."""
        if not text:
            return self
        names = [name for name, _ in self.rows]
        at = names.index(NEXT) if NEXT in names else len(names)
        return replace(self, rows=(*self.rows[:at], (heading, text), *self.rows[at:]))

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table.to_html()


def card_of_run(results: Results, selected: Explanation, study: Study | None = None) -> AnswerCard:
    """The card of the selected design of a run, with its explanation.

    Args:
        results: the run.
        selected: explanation of its selected design.
        study: the study of the run. If None, the card names its file without the folder.
    """
    config = results.config
    goodness = _goodness(results, study)
    then = _command("explain", results.folder)
    if goodness.startswith(NOT_PROVEN):
        then = _proof_of(results, study)
    elif results.how != SEARCHED:
        own = results.folder / STUDY
        name = results.study if study is None else _named(study)
        then = _what_if(config, str(own) if study is None and own.is_file() else name)
    card = _card(
        config,
        selected,
        goodness=goodness,
        then=then,
        warning=str(results.design.get("caution", "")),
        accuracy=results.accuracy,
    )
    return card.with_robustness(_robustness(results, study))


def _robustness(results: Results, study: Study | None) -> str:
    """Text on how near the best the selected design is in draws of the costs, if the folder of
    results holds an answer of the same study under uncertain costs."""
    out = results.folder.absolute().parents[1]
    if not robust_folder(results.study, out).is_dir():
        return ""
    try:
        study = study or study_of_run(results.folder, results.config, None)
    except InputError:
        return ""
    selected = {str(name): value for name, value in results.selected.iloc[0].items()}
    return robust_note(study, selected, out)


def _goodness(results: Results, study: Study | None) -> str:
    """Text on how good the selected design is: proven in its folder, by the exact answer, or by a
    certificate of the same study beside the run."""
    n = n_designs(results.config)
    within = ", within the tolerance" if results.config.get("tolerance") else ""
    if results.how == ENUMERATED:
        return _enumerated(0.0, n) + within
    if results.how == CERTIFIED:
        proof = certificate_of_answer(results.folder, results.criterion)
        if proof is not None and proof.design.items() <= results.design["design"].items():
            return f"proven: {proven(proof)}"
        return f"{NOT_PROVEN}: the certificate is not there, or of another design"
    exact = None if results.regret is None else results.regret.set_index("criterion")
    if exact is not None and results.criterion in exact.index:
        return _enumerated(float(exact["regret_selected"][results.criterion]), n)
    beside = _of_certificate_beside(results, study)
    return beside or (
        f"{NOT_PROVEN}: the best of {len(results.evaluations):,} designs evaluated, of {n:,} in "
        "the space"
    )


def _of_certificate_beside(results: Results, study: Study | None) -> str:
    """Distance of a run's design from the proven optimum of its study, as text; empty without a
    certificate of the same study in the folder of results."""
    home = certificates_folder(results.study, results.folder.absolute().parents[1])
    certificate = certificate_of_answer(home, results.criterion)
    if certificate is None:
        return ""
    try:
        study = study or study_of_run(results.folder, results.config, None)
    except InputError:
        return ""
    design = results.selected.iloc[0].to_dict()
    levels = study.space.levels_of({name: design[name] for name in study.space.names})
    excess = excess_over_proven(study, levels, certificate)
    if excess is None:
        return ""
    if excess <= ROUNDING:
        return f"proven: {proven(replace(certificate, gap=0.0))}"
    if certificate.gap == 0:
        return (
            f"{100 * excess:.3g} % above the proven optimum of the {certificate.designs:,} designs"
        )
    return f"at most {100 * excess:.3g} % above the best of the {certificate.designs:,} designs"


def card_of_certificate(study: Study, certificate: Certificate) -> AnswerCard:
    """The card of the certified design of a study, by the criterion of the study."""
    reference, kind = certified_reference(certificate, study.names)
    return _card_of_design(
        study,
        study.space.levels_of(certificate.design),
        f"proven: {proven(certificate)}",
        None if reference is None else reference.tolist(),
        kind,
    )


def card_of_answer(study: Study, answer: ExactAnswer) -> AnswerCard:
    """The card of the exact optimum of an enumerated study, by the criterion of the study.

    Raises:
        KeyError: the criterion compares candidates, so it has no optimum.
    """
    optimum = answer.optima[study.answer_name]
    exact = ExactRegret(study.problem(), answer, against_joint=not study.baselines)
    reference = exact.reference_edap
    return _card_of_design(
        study,
        study.space.unrank(optimum.ranks[:1]),
        _enumerated(0.0, study.space.size)
        + (", within the tolerance" if study.nearly_best is not None else ""),
        None if reference is None else reference.tolist(),
    )


def card_of_devices(compared: Answers) -> AnswerCard:
    """The card of the best chip over the devices of a study."""
    best = compared.best
    n = sum(each.study.space.size for each in compared.answers)
    among = f"the {n:,} designs of {joined(map(compared.label, compared.answers))}"
    if compared.bound == best.score:
        goodness = f"proven: none of {among} is better"
    elif math.isfinite(compared.bound) and best.score > compared.bound > 0:
        excess = compared.scale.excess(best.score, compared.bound)
        goodness = f"at most {excess:.3%} above the best of {among}"
    else:
        goodness = f"not proven: the best found of {among}"
    return _card_of_design(
        best.study, best.levels, goodness, None, file=best.study.file or compared.name
    )


def proven(certificate: Certificate) -> str:
    """Distance of a certified design from the best of its space, as text."""
    n = f"{certificate.designs:,}"
    if certificate.gap == 0:
        text = f"none of the {n} designs of the space is better"
    else:
        text = f"at most {certificate.gap:.3%} above the best of the {n} designs of the space"
    if not certificate.within:
        return text
    text += ", within the tolerance"
    if not (gap := certificate.within["gap"]):
        return text
    first = label(certificate.within["criterion"])
    return f"{text} of the best {first} found, which is at most {gap:.3%} above the best there is"


def _enumerated(regret: float, n: int) -> str:
    above = f"{100 * regret:.3g} % above the best of" if regret > 0 else "the best of"
    return f"proven: {above} all {n:,} designs of the space, which were enumerated"


def _proof_of(results: Results, study: Study | None) -> str:
    """The command that proves the answer of a run; empty if none does."""
    _, _, options = str(results.config["command"]).partition("run ")
    name = options.partition(" --")[0] if study is None else _named(study)
    command = str(results.design.get("proven_by", ""))
    return _command_of_study(command, name) if command else ""


def _what_if(config: Mapping[str, object], name: str) -> str:
    """The command that shows what another technology would change."""
    change = "technology_nm=22" if config["model"] == "physical" else "KEY=VALUE"
    return _command_of_study("what-if", name, change)


def _named(study: Study) -> str:
    """Name of a study on a command line."""
    return study.file or study.name


def _command_of_study(command: str, name: str, change: str = "") -> str:
    """A command line of a study; the call in Python if it has neither a file nor a known name."""
    if not name.endswith(".toml") and name not in catalogue.names():
        values = "{{{!r}: {}}}".format(*change.split("=")) if change else ""
        return f"study.{command.replace('-', '_')}({f'[{values}]' if change else ''})"
    return _command(command, name) + (f" --set {change}" if change else "")


def _command(command: str, of: object) -> str:
    """A command line of a study or a folder, which a shell reads as one word."""
    return f"imcmoo {command} {shlex.quote(str(of))}"


def _card_of_design(
    study: Study,
    levels: Levels,
    goodness: str,
    reference_edap: list[float] | None,
    reference: str = EXACT,
    file: str = "",
) -> AnswerCard:
    (explanation,) = explain(
        study.problem(),
        study.resolved_criterion,
        levels,
        [("best",)],
        reference_edap=None if reference_edap is None else np.array(reference_edap),
        reference=reference,
    )
    networks = explanation.tables["networks"].set_index("network")
    costs: dict[str, Any] = {str(name): row.to_dict() for name, row in networks.iterrows()}
    warning = caution(study.model, costs, str(explanation.design.get("device", "")))
    of_calibration = caution_of_calibration(study.calibrated, explanation.design)
    warning = " ".join(filter(None, (of_calibration, warning))) or None
    then = _what_if(study.to_config(), _named(study))
    if file:
        then = f"{_command_of_study('run', file)}, for tables and figures of each device"
    return _card(study.to_config(), explanation, goodness=goodness, then=then, warning=warning)


def _card(
    config: Mapping[str, object],
    explanation: Explanation,
    *,
    goodness: str,
    then: str,
    warning: str | None,
    accuracy: pd.DataFrame | None = None,
) -> AnswerCard:
    """The card of a design of a study, which a `Study.to_config` states."""
    networks = explanation.tables["networks"]
    names = joined(label(name) for name in networks["network"])
    cautions = [(CAUTION, cited(warning or ""))]
    is_of_paper = config["model"] == "reference"  # whose powers nobody should read without it
    before = [
        *(cautions if is_of_paper else ()),
        *chip_lines(explanation, config),
        *cost_lines(explanation, config),
    ]
    of_networks = [*network_lines(explanation, config)]
    after = [
        *accuracy_lines(accuracy),
        *score_lines(explanation, config["score"]),
        ("tolerance", tolerance_text(config)),
        ("proof", goodness),
        ("near limits", "; ".join(near_limits(explanation))),
        ("limited by", "; ".join([*binding_limits(explanation), *bottlenecks(networks)])),
        (ENDS, ends_text(explanation.tables.get("ends"))),
        (NEXT, then),
        *(() if is_of_paper else cautions),
    ]
    title = f"{config['study']}: one chip for {names}, selected by {label(explanation.criterion)}"
    parts = [[(heading, text) for heading, text in p if text] for p in (before, of_networks, after)]
    first, n = len(parts[0]), len(parts[1])
    return AnswerCard(title, tuple(chain.from_iterable(parts)), range(first, first + n))
