"""The answer card: one chip, its costs beside the limits of the study, and how good it is.

`Run.card` returns one: `print(run.card)` shows it, `run.card.to_markdown()` is text for a document.
"""

from __future__ import annotations

import math
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers.answers import Answers
from imcmoo.answers.certificates import (
    certificate_of_answer,
    certificates_folder,
    excess_over_proven,
)
from imcmoo.answers.explain import explain
from imcmoo.answers.explanation import Explanation
from imcmoo.answers.list_ends import OpenEnd, ends_table
from imcmoo.answers.provenance import CERTIFIED, ENUMERATED, SEARCHED, STUDY, study_of_run
from imcmoo.answers.result_tables import caution
from imcmoo.answers.results import Results
from imcmoo.answers.robust_answer import robust_folder, robust_note
from imcmoo.answers.served_design import SCENARIO
from imcmoo.exact.certificate import EXACT, Certificate, certified_reference
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ROUNDING, ExactRegret
from imcmoo.io.errors import InputError
from imcmoo.io.own_code import PROJECT
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import MACROS
from imcmoo.networks.workloads import BITS
from imcmoo.problem.criteria import JOINT_SUFFIX, SCENARIO_CRITERIA
from imcmoo.problem.limits import Limits
from imcmoo.report.labels import (
    TOKENS,
    criterion_unit,
    display_unit,
    ends_text,
    engineering,
    label,
    latex_table,
    limit_name,
    margin,
    number,
    plain,
    power_text,
    quantity,
)
from imcmoo.space.design_space import Levels
from imcmoo.study import catalogue
from imcmoo.study.study import Study

WIDTH = 100
"""Columns of a card outside a terminal."""

NOT_PROVEN = "not proven"
"""Beginning of what a card says of a design without proof."""

NEAR = 0.02
"""Unused share up to which a limit is near."""

MAX_LIMITS = 2
"""Number of limits named in a line."""

SNR_COLUMNS = {"snr": "snr_adc_dB", "compute_snr": "snr_dB"}
"""Columns of the SNR that a network reaches, dB, by limit."""

DRAMS = {"x16": "LPDDR4 ×16", "x32": "LPDDR4 ×32", "x64": "LPDDR4 ×64", "hbm2": "HBM2"}
"""Names of memories, by value of the parameter `dram`."""
STREAMED = {"yes": "weights stream from DRAM", "no": "weights stay on the arrays"}
"""Where the weights of a language model are, by column `streamed`."""

PAGES = {
    "docs/silicon.md": "The physical model beside published chips",
    "docs/physical_model.md": "The physical cost model",
}
"""Titles of the pages that cautions cite, by file; an installed package has no such files."""

CAUTION, ENDS, NEXT = "caution", "ends of lists", "next"
ROBUST = "uncertain costs"
"""Headings of lines."""

CHIP_QUANTITIES = ("area_mm2", "package_mm2", "average_power_W", "load")
"""Quantities of a chip with a line of their own."""


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
        cells = [[text.replace("|", "\\|") for text in row] for row in self.rows]
        lines = [f"| {heading} | {text} |" for heading, text in cells]
        return "\n".join([f"**{self.title}**", "", "| | |", "| --- | --- |", *lines]) + "\n"

    def to_latex(self) -> str:
        """The card as a table of LaTeX, for the package booktabs."""
        return latex_table(r"lp{0.75\linewidth}", [self.title], self.rows)

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
        rows = (f"<tr><th>{escape(h)}</th><td>{escape(text)}</td></tr>" for h, text in self.rows)
        return f"<table><caption>{escape(self.title)}</caption>{''.join(rows)}</table>"


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
    """How near the best the selected design is in draws of the costs, if the folder of results
    holds an answer of the same study under uncertain costs."""
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
    """How good the selected design is, as text: proven in its folder, by the exact answer, or by a
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


def n_designs(config: Mapping[str, Any]) -> int:
    """Number of designs of the space of a run."""
    counts = (
        len(next(iter(values["values"].values())) if isinstance(values, dict) else values)
        for values in config["space"].values()
    )
    return math.prod(counts)


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
    among = f"the {n:,} designs of {_joined(map(compared.label, compared.answers))}"
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


def _what_if(config: Mapping[str, Any], name: str) -> str:
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
    then = _what_if(study.to_config(), _named(study))
    if file:
        then = f"{_command_of_study('run', file)}, for tables and figures of each device"
    return _card(study.to_config(), explanation, goodness=goodness, then=then, warning=warning)


def _card(
    config: Mapping[str, Any],
    explanation: Explanation,
    *,
    goodness: str,
    then: str,
    warning: str | None,
    accuracy: pd.DataFrame | None = None,
) -> AnswerCard:
    """The card of a design of a study, which a `Study.to_config` states."""
    networks = explanation.tables["networks"]
    names = _joined(label(name) for name in networks["network"])
    cautions = [(CAUTION, _cited(warning or ""))]
    is_of_paper = config["model"] == "reference"  # whose powers nobody should read without it
    before = [
        *(cautions if is_of_paper else ()),
        *_chip(explanation, config),
        *_costs_of_chip(explanation, config),
    ]
    of_networks = [*_networks(explanation, config)]
    after = [
        *_accuracy(accuracy),
        *_score(explanation, config["score"]),
        ("tolerance", _tolerance(config)),
        ("proof", goodness),
        ("near limits", "; ".join(_near_limits(explanation))),
        ("limited by", "; ".join([*_binding_limits(explanation), *_bottlenecks(networks)])),
        (ENDS, ends_text(explanation.tables.get("ends"))),
        (NEXT, then),
        *(() if is_of_paper else cautions),
    ]
    title = f"{config['study']}: one chip for {names}, selected by {label(explanation.criterion)}"
    parts = [[(heading, text) for heading, text in p if text] for p in (before, of_networks, after)]
    first, n = len(parts[0]), len(parts[1])
    return AnswerCard(title, tuple(chain.from_iterable(parts)), range(first, first + n))


def _cited(text: str) -> str:
    """Text that names pages of the documentation by their titles where their files are missing."""
    for page, title in PAGES.items():
        if not (PROJECT / page).is_file():
            text = text.replace(page, f"documentation: {title}")
    return text


def _tolerance(config: Mapping[str, Any]) -> str:
    """Selection within the tolerance of a study, as text; empty if it has none."""
    if not (stated := config.get("tolerance")):
        return ""
    first, second = (label(stated[key]) for key in ("criterion", "second_criterion"))
    return (
        f"the best by {second} among designs within {100 * stated['share']:g} % of the best by "
        f"{first}"
    )


def _joined(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _chip(explanation: Explanation, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The chip in one line, and its other values."""
    design = explanation.design
    used = {"rows", "cols"}
    if not used <= {*design}:
        yield "chip", ", ".join(f"{name} {plain(value)}" for name, value in design.items())
        return
    parts = []

    def add(text: str, *names: str) -> None:
        if {*names} <= {*design}:
            parts.append(text.format(*(plain(design[name]) for name in names)))
            used.update(names)

    if "device" in design:
        device = str(design["device"])
        parts.append(MEMORY_CELLS[device].label if device in MEMORY_CELLS else device)
    add("{} nm", "technology_nm")
    macros = f"macros of {design['rows']} × {design['cols']}"
    if {*MACROS} <= {*design}:
        macros = f"{math.prod(design[name] for name in MACROS):,} {macros}"
    parts.append(macros)
    sharing = "column" if design.get("columns_per_adc") == 1 else "{} columns"
    add(f"one {{}}-bit ADC per {sharing}", "adc_bits", "columns_per_adc")
    add("buffer {} KiB", "glb_KiB")
    add("buffer {} words", "glb_depth")
    if "dram" in design:
        parts.append(DRAMS.get(design["dram"], f"DRAM {design['dram']}"))
    add("{} V", "voltage_V")
    yield "chip", ", ".join([*parts, *_operands(config)])
    space: Iterable[str] = config["space"]
    others = [name for name in space if name not in (*used, *MACROS, "device", "dram")]
    counts = [name for name in MACROS if name in space]
    yield "other values", ", ".join(f"{name} {plain(design[name])}" for name in [*counts, *others])


def _operands(config: Mapping[str, Any]) -> Iterator[str]:
    """Precision of inputs and weights in bits; nothing for a user's own cost model."""
    if config["model"] not in ("physical", "reference"):
        return
    stated = config["precision"] or {}
    bits = {tuple(stated.get(name, (BITS, BITS))) for name in config["workloads"]}
    inputs, weights = (sorted({of[at] for of in bits}) for at in (0, 1))
    if inputs == weights and len(inputs) == 1:
        yield f"{inputs[0]}-bit inputs and weights"
    else:
        yield " and ".join(
            f"{kind} of {' to '.join(map(str, dict.fromkeys([of[0], of[-1]])))} bits"
            for kind, of in (("inputs", inputs), ("weights", weights))
        )


def _costs_of_chip(
    explanation: Explanation, config: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Area, average power and its parts, load and other costs of the chip beside its limits."""
    chip = explanation.chip
    if "area_mm2" in chip:
        area, limit = chip["area_mm2"], config["area_limit_mm2"]
        text = f"{area:.4g} mm²{_at_most(area, limit, 'mm²')}"
        if "package_mm2" in chip:
            text += f"; {chip['package_mm2']:.4g} mm² with DRAM"
        yield "area", text
    scenario = config.get("scenario", {})
    if "average_power_W" in chip:
        power, limit = chip["average_power_W"], scenario.get("max_average_power_W")
        yield "average power", f"{engineering(power, 'W')}{_at_most(power, limit, 'W')}, with DRAM"
        yield "power by part", power_text(explanation.tables.get("power"))
    if "load" in chip:
        spare = scenario.get("margin", 0.0)
        asked = f"; {1 + spare:.3g} times are required" if spare else ""
        yield "load", f"serves up to {1 / chip['load']:.3g} times the requests{asked}"
    for name in chip:
        if name not in CHIP_QUANTITIES:
            yield label(name), quantity(name, chip[name])


def _at_most(value: float, limit: float | None, unit: str) -> str:
    """Text of an upper limit beside a value."""
    return f" ({100 * value / limit:.3g} % of the {limit:g} {unit} allowed)" if limit else ""


def _networks(explanation: Explanation, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Costs of each network beside its limits."""
    limits, tables = config["limits"] or {}, explanation.tables
    requests: Mapping[str, Any] = {}
    if SCENARIO in tables:
        requests = {row["network"]: row for _, row in tables[SCENARIO].iterrows()}
    for _, row in tables["networks"].iterrows():
        name = str(row["network"])
        of_network = Limits(**limits.get(name, {}))
        parts = [_served(requests[name])] if name in requests else []
        yield label(name), "; ".join([*parts, *_costs(row, of_network, alone=not parts)])


def _served(row: pd.Series[Any]) -> str:
    """Requests of a network and the response beside its deadline."""
    burst = f" of {row['burst']} inferences" if row["burst"] > 1 else ""
    response, deadline = float(row["response_s"] or math.inf), float(row["deadline_s"])
    return (
        f"{row['rate_Hz']:g} requests/s{burst}, each answered within {engineering(response, 's')} "
        f"({100 * response / deadline:.3g} % of the deadline, {engineering(deadline, 's')})"
    )


def at_full_speed(row: pd.Series[Any]) -> tuple[float, float]:
    """Frames/s and power (W, with DRAM) of a network that runs alone; NaN if unknown.

    A pipelined chip begins an inference before the previous one ends.

    Args:
        row: of the network, in an explanation.
    """
    duration = _value(row, "interval_s") or _value(row, "latency_s") or math.nan
    images, energy = _value(row, "images") or 1.0, _value(row, "energy_J") or math.nan
    return images / duration, energy / duration


def _value(row: pd.Series[Any], column: str) -> float | None:
    """Value of a column; None if the row lacks it."""
    value = row.get(column)
    return None if value is None or pd.isna(value) else float(value)


def _costs(row: pd.Series[Any], limits: Limits, *, alone: bool) -> Iterator[str]:
    """Rate, latency, energy and power of one network, as far as the model gives them."""
    value = partial(_value, row)
    latency, energy = value("latency_s"), value("energy_J")
    if latency is None or energy is None:
        figures = {str(n): v for n, v in row.items() if isinstance(v, float) and not math.isnan(v)}
        yield from (quantity(n, display_unit(n)[0] * value) for n, value in figures.items())
        return
    (rate, power), at_least, unit = at_full_speed(row), limits.min_fps, "frames/s"
    if (tokens := value(TOKENS)) is not None:
        rate, at_least, unit = tokens, limits.min_tokens_per_s, "tokens/s"
    if alone:
        times = f" ({rate / at_least:.3g} times the {at_least:g} required)" if at_least else ""
        yield f"{number(rate)} {unit} while it runs alone{times}"
    name = "latency" if value("time_to_first_token_s") is None else "time to the first token"
    yield (
        f"{name} {engineering(latency, 's')}{_at_most(latency, limits.max_latency_s, 's')}"
        + (" alone" if not alone else "")
    )
    of = ""
    if (images := value("images") or 1.0) > 1:
        is_vision = value(TOKENS) is None and value("time_to_first_token_s") is None
        of = f" of {images:.0f} {'images' if is_vision else 'sequences'}"
    yield f"energy{of} {engineering(energy, 'J')}{_at_most(energy, limits.max_energy_J, 'J')}"
    if (per_token := value("token_energy_J")) is not None:
        limit = limits.max_token_energy_J
        yield f"{engineering(per_token, 'J')} per token{_at_most(per_token, limit, 'J')}"
    if (request_s := value("request_s")) is not None:
        request_J = engineering(value("request_J") or math.nan, "J")
        yield f"a request takes {engineering(request_s, 's')} and {request_J}"
    limited = _at_most(energy / latency, limits.max_power_W, "W")
    is_pipelined = not math.isclose(power, energy / latency)
    if alone:
        yield f"power at full speed {engineering(power, 'W')}{'' if is_pipelined else limited}"
    if limited and (is_pipelined or not alone):
        yield f"energy over latency {engineering(energy / latency, 'W')}{limited}"
    if row.get("streamed") in STREAMED and (value(TOKENS) or value("time_to_first_token_s")):
        yield STREAMED[str(row["streamed"])]
    if (drop := value("accuracy_drop")) is not None:
        yield f"predicted accuracy drop {drop + 0.0:.3f}"


def _accuracy(table: pd.DataFrame | None) -> Iterator[tuple[str, str]]:
    """Score of each network with accuracy data: executed if it was, else predicted."""
    if table is None:
        return
    texts = []
    for _, row in table.iterrows():
        executed = row.get("exact")
        is_executed = executed is not None and not pd.isna(executed)
        value, how, in_float = row["linear"], "predicted", row["float"]
        if is_executed:
            value, in_float = executed, row["float_of_samples"]
            how = f"executed on {row['samples']:.0f} samples"
        texts.append(f"{label(row['network'])} {value:.3f} ({how}; {in_float:.3f} in float)")
    yield "accuracy", ", ".join(texts)


def _score(explanation: Explanation, own: object) -> Iterator[tuple[str, str]]:
    """Score of the criterion, unless another line states it; `own` is the score of the study."""
    name, networks = explanation.criterion, explanation.tables["networks"]
    if name in SCENARIO_CRITERIA or math.isnan(explanation.score):
        return
    text = f"{explanation.score:.4g} {criterion_unit(name, own)}".rstrip()
    if explanation.against and "regret" in networks:
        worst = networks.iloc[int(networks["regret"].to_numpy().argmax())]
        others = "among chips for all" if name.endswith(JOINT_SUFFIX) else "alone"
        text += (
            f": {label(worst['network'])} pays most, with {1 + worst['regret']:.3g} times the EDAP "
            f"of the chip that is best for it {others} ({explanation.against})"
        )
    yield label(name), text


def _near_limits(explanation: Explanation) -> Iterator[str]:
    """Limits that are nearly used up, one network each, with what is left."""
    limits = explanation.tables["limits"]
    tight = limits[limits["used"] >= 1 - NEAR]
    tight = tight.sort_values("used", ascending=False, kind="stable")
    for _, row in tight.drop_duplicates("limit").head(MAX_LIMITS).iterrows():
        yield f"{_limit_of(row)}: {', '.join(_left(explanation, row))}"


def _left(explanation: Explanation, row: pd.Series[Any]) -> list[str]:
    """Margin to a limit; for an SNR, the value that the network reaches and the one it needs."""
    if pd.isna(row["used"]):
        return []
    networks = explanation.tables["networks"].set_index("network")
    column = SNR_COLUMNS.get(str(row["limit"]))
    if column not in networks:
        return [margin(row["limit"], row["used"], row["excess"])]
    reached = networks[column][row["network"]]
    return [f"{reached:.4g} dB", f"{reached + 10 * math.log10(row['used']):.4g} dB needed"]


def _binding_limits(explanation: Explanation) -> Iterator[str]:
    """Limits that exclude better neighbours, one network each, with the SNR reached and what is
    left."""
    limits, n = explanation.tables["limits"], len(explanation.tables["neighbours"])
    excluding = _excluding_better(explanation)
    keys = zip(limits["limit"], limits["network"], strict=True)
    binding = limits[np.array([key in excluding for key in keys], dtype=bool)]
    binding = binding[binding["stops"] > 0]
    binding = binding.sort_values(["stops", "used"], ascending=False, kind="stable")
    for _, row in binding.drop_duplicates("limit").head(MAX_LIMITS).iterrows():
        violate = "violates" if row["stops"] == 1 else "violate"
        neighbours = f"{row['stops']} of {n} designs one step away {violate} it"
        yield f"{_limit_of(row)} ({', '.join([*_left(explanation, row), neighbours])})"


def _excluding_better(explanation: Explanation) -> set[tuple[str, str]]:
    """Limits, each with its network, that exclude a neighbour whose score is better or unknown."""
    lacking = explanation.tables["lacking"]
    neighbours = explanation.tables["neighbours"]
    scores = dict(zip(neighbours["step"], neighbours["score"].astype(float), strict=True))
    is_worse = [scores[step] >= explanation.score for step in lacking["step"]]
    rows = lacking[~np.array(is_worse, dtype=bool)]
    return {*zip(rows["limit"], rows["network"], strict=True)}


def _limit_of(row: pd.Series[Any]) -> str:
    """Name of a limit and its network."""
    of = f" of {label(row['network'])}" if row["network"] else ""
    return ("deadline" if row["limit"] == "max_load" else limit_name(str(row["limit"]))) + of


def _bottlenecks(networks: pd.DataFrame) -> Iterator[str]:
    """Name the bottlenecks of the networks."""
    if "bound_by" not in networks:
        return
    for cause, rows in networks.groupby("bound_by", sort=False):
        if cause:
            yield f"{label(str(cause))} limits the speed of {_joined(map(label, rows['network']))}"
