"""Lines of an answer card: chip, costs and networks beside their limits, and what limits the chip.

Each function yields headings and texts, or texts alone, from an explanation and the settings of its
study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers.explanation import Explanation
from imcmoo.answers.served_design import SCENARIO
from imcmoo.display.columns import power_text, quantity
from imcmoo.display.labels import criterion_unit, label
from imcmoo.display.limits import limit_name, margin
from imcmoo.display.units import TOKENS, display_unit, engineering, number, plain
from imcmoo.io.own_code import PROJECT
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import MACROS
from imcmoo.networks.workloads import BITS
from imcmoo.problem.criteria import JOINT_SUFFIX, SCENARIO_CRITERIA
from imcmoo.problem.limits import Limits

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


CHIP_QUANTITIES = ("area_mm2", "package_mm2", "silicon_mm2", "average_power_W", "load")
"""Quantities of a chip with a line of their own."""


def cited(text: str) -> str:
    """Text that names pages of the documentation by their titles where their files are missing."""
    for page, title in PAGES.items():
        if not (PROJECT / page).is_file():
            text = text.replace(page, f"documentation: {title}")
    return text


def tolerance_text(config: Mapping[str, Any]) -> str:
    """Selection within the tolerance of a study, as text; empty if it has none."""
    if not (stated := config.get("tolerance")):
        return ""
    first, second = (label(stated[key]) for key in ("criterion", "second_criterion"))
    return (
        f"the best by {second} among designs within {100 * stated['share']:g} % of the best by "
        f"{first}"
    )


def joined(names: Iterable[str]) -> str:
    """Names with commas, and `and` before the last."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def chip_lines(explanation: Explanation, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
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
    yield "chip", ", ".join([*parts, *operands(config)])
    space: Iterable[str] = config["space"]
    others = [name for name in space if name not in (*used, *MACROS, "device", "dram")]
    counts = [name for name in MACROS if name in space]
    yield "other values", ", ".join(f"{name} {plain(design[name])}" for name in [*counts, *others])


def operands(config: Mapping[str, Any]) -> Iterator[str]:
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


def cost_lines(explanation: Explanation, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Area, average power and its parts, load and other costs of the chip beside its limits."""
    chip = explanation.chip
    if "area_mm2" in chip:
        area, limit = chip["area_mm2"], config["area_limit_mm2"]
        text = f"{area:.4g} mm²{_at_most(area, limit, 'mm²')}"
        if "package_mm2" in chip:
            text += f"; with DRAM {chip['package_mm2']:.4g} mm²"
        if "silicon_mm2" in chip:
            text += f", {chip['silicon_mm2']:.4g} mm² of silicon"
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


def network_lines(explanation: Explanation, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Costs of each network beside its limits."""
    limits, tables = config["limits"] or {}, explanation.tables
    requests: Mapping[str, Any] = {}
    if SCENARIO in tables:
        requests = {row["network"]: row for _, row in tables[SCENARIO].iterrows()}
    for _, row in tables["networks"].iterrows():
        name = str(row["network"])
        of_network = Limits(**limits.get(name, {}))
        parts = [_served(requests[name])] if name in requests else []
        yield label(name), "; ".join([*parts, *network_costs(row, of_network, alone=not parts)])


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


def network_costs(row: pd.Series[Any], limits: Limits, *, alone: bool) -> Iterator[str]:
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


def accuracy_lines(table: pd.DataFrame | None) -> Iterator[tuple[str, str]]:
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


def score_lines(explanation: Explanation, own: object) -> Iterator[tuple[str, str]]:
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


def near_limits(explanation: Explanation) -> Iterator[str]:
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


def binding_limits(explanation: Explanation) -> Iterator[str]:
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


def bottlenecks(networks: pd.DataFrame) -> Iterator[str]:
    """Name the bottlenecks of the networks."""
    if "bound_by" not in networks:
        return
    for cause, rows in networks.groupby("bound_by", sort=False):
        if cause:
            yield f"{label(str(cause))} limits the speed of {joined(map(label, rows['network']))}"


def n_designs(config: Mapping[str, Any]) -> int:
    """Number of designs of the space of a run."""
    counts = (
        len(next(iter(values["values"].values())) if isinstance(values, dict) else values)
        for values in config["space"].values()
    )
    return math.prod(counts)
