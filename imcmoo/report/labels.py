"""Names, units, numbers and limits for tables and figures."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imcmoo.io.units import decibels
from imcmoo.problem.criteria import LOG10, NAMED, SINGLE_NETWORK
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents
from imcmoo.problem.scores import AGGREGATIONS
from imcmoo.problem.snr_limits import SNR_LIMITS, is_said_by_compute_snr
from imcmoo.study.table import device_label, devices

if TYPE_CHECKING:
    import pandas as pd

LABELS = {
    "joint": "all networks",
    "resnet18": "ResNet18",
    "vgg16": "VGG16",
    "alexnet": "AlexNet",
    "mobilenet_v3": "MobileNetV3",
    "gpt2_medium": "GPT-2 Medium",
    "mobilebert": "MobileBERT",
    "densenet201": "DenseNet201",
    "resnet50": "ResNet50",
    "vision_transformer": "ViT",
    "smollm_prefill": "SmolLM, prefill",
    "smollm_decode": "SmolLM, step",
    "gpt2_prefill": "GPT-2, prefill",
    "gpt2_decode": "GPT-2, step",
    "qwen2.5-0.5b_prefill": "Qwen2.5-0.5B, prefill",
    "qwen2.5-0.5b_decode": "Qwen2.5-0.5B, step",
    "wav2vec2_base": "wav2vec 2.0",
    "technology_cost_sram": "SRAM, technology and cost",
    "technology_cost_extended": "SRAM, technology and cost, extended",
    "edap_max": "EDAP, max",
    "edap_mean": "EDAP, mean",
    "edap_product": "EDAP, product",
    "edap_geomean": "EDAP, geo. mean",
    "ela_max": "E·L·A, max",
    "ela_mean": "E·L·A, mean",
    "ela_product": "E·L·A, product",
    "regret_minimax": "minimax regret",
    "regret_minimax_joint": "minimax regret, joint",
    "pseudo_weights": "pseudo-weights",
    "score": "own score",
    "cim_unit": "cells",
    "adc": "ADC",
    "glb": "global buffer",
    "dac": "row drivers and DACs",
    "dram": "DRAM",
    "adc_bits": "ADC bits",
    "columns_per_adc": "columns per ADC or tree",
    "adder_trees": "adder trees",
    "input_registers": "input registers",
    "tree_stages": "pipeline stages",
    "buffer_words": "bytes per buffer access",
    "ping_pong": "double-buffered weights",
}

SHIPPED_STUDY = re.compile(r"(?P<n>four|nine)_workload_(?P<device>[a-z0-9]+)(_(?P<kind>[a-z]+))?")
"""Names of shipped studies of one device."""

ON_SCREEN = {
    "J": (1e3, "mJ"),
    "s": (1e6, "µs"),
    **dict.fromkeys(("mm2", "m2"), (1.0, "mm²")),
}
"""Factor to display units and their name, by unit in files; areas in files are in mm²."""


def on_screen(unit: str) -> tuple[float, str]:
    """Factor from a unit in files to its display unit, and the name of the latter."""
    return ON_SCREEN.get(unit, (1.0, unit))


def networks_in(columns: Iterable[Any], prefix: str) -> list[str]:
    """Networks with a column `<prefix><network>`; aggregations are named alike."""
    names = [str(c).removeprefix(prefix) for c in columns if str(c).startswith(prefix)]
    return [name for name in names if name not in AGGREGATIONS]


def label(name: str) -> str:
    """Name for people; unknown names are kept, with blanks for underscores.

    Networks imported from ONNX are named as what they are.
    """
    if name.startswith(LOG10):
        return f"log10 of {label(name.removeprefix(LOG10))}"
    study = SHIPPED_STUDY.fullmatch(name)
    if study and study["device"] in devices():
        kind = f", {study['kind']}" if study["kind"] else ""
        return f"{device_label(study['device'])}, {study['n']} networks{kind}"
    return LABELS.get(name) or LABELS.get(name.removesuffix("_onnx"), name.replace("_", " "))


def distinct_labels(names: Sequence[str]) -> list[str]:
    """Names for people; those that would be equal are kept unchanged."""
    labels = [label(name) for name in names]
    return [
        short if labels.count(short) == 1 else n for n, short in zip(names, labels, strict=True)
    ]


def ends_text(ends: pd.DataFrame | None, *, widened: bool = False) -> str:
    """Parameters of a design at ends of their lists that the cost model goes beyond, as text.

    Args:
        ends: table of `Explanation`, if it has one.
        widened: whether they are what widening has left.
    """
    if ends is None or not len(ends):
        return ""
    by_side = [
        (side, [f"{row['parameter']} {plain(row['value'])}" for _, row in rows.iterrows()])
        for side, rows in ends.groupby("side", sort=False)
    ]
    named = "; ".join(f"{', '.join(values)} ({side} listed)" for side, values in by_side)
    tried = "" if widened or ends["beyond"].isna().all() else ", --widen tries them"
    return f"{named}: longer lists may hold a better chip{tried}"


POWER_PARTS = {
    "networks": "networks",
    "leakage": "chip leakage",
    "saving": "interrupts",
    "dram_idle": "idle DRAM",
}
"""Names of parts of average power."""


def power_text(parts: pd.DataFrame | None) -> str:
    """Average power by part, with shares; empty if it is unknown."""
    if parts is None or not parts["power_W"].sum() > 0:
        return ""
    total = parts["power_W"].sum()
    return ", ".join(
        f"{POWER_PARTS[part]} {engineering(power, 'W')} ({100 * power / total:.3g} %)"
        for part, power in zip(parts["part"], parts["power_W"], strict=True)
        if power > 0
    )


MEANINGS = {
    "edap_max": "largest EDAP of a network",
    "edap_mean": "mean EDAP of the networks",
    "edap_product": "product of the EDAPs of all networks",
    "edap_geomean": "geometric mean of the EDAPs of the networks",
    "ela_max": "largest energy × largest latency × area (score of Krestinskaya et al.)",
    "ela_mean": "mean energy × mean latency × area",
    "regret_minimax": "largest regret of a network: its EDAP over that of the best chip for it "
    "alone, minus 1",
    "pseudo_weights": "distance of the pseudo-weights of a design from equal weights of all "
    "objectives",
    "average_power": "average power while all deadlines are met",
    "area": "area of the chip",
    "load": "1 over capacity; above 1 the chip misses a deadline",
}
"""Definitions of the built-in criteria, by name."""

TOKENS = "tokens_per_s"
"""A rate, whose name does not end in its unit."""

IN_MS = ("time_to_first_token_s", "time_per_token_s", "request_s")
"""Columns of times that people know in milliseconds."""


def display_unit(column: str) -> tuple[float, str]:
    """Factor from a column in files to its display unit, and the name of the latter."""
    return (1e3, "ms") if column in IN_MS else on_screen(column.rpartition("_")[2])


COLUMN_TITLES = {
    "power_W": "power (W)",
    "energy_over_latency_W": "energy over latency, with DRAM (W)",
    "W_per_mm2": "W/mm²",
    "tops": "TOPS",
    "tops_per_W": "TOPS/W",
    "utilization": "array use (%)",
    "bound_by": "bottleneck",
    "snr_source": "SNR from",
    "streamed": "streams weights",
    "regret": "EDAP / {}",
    TOKENS: "tokens/s",
}
"""Headings of figures of networks; {} is the reference of regret."""

ACCURACY_TITLES = {
    "accuracy_drop": "this design",
    "drop_with_1_more_adc_bit": "1 more ADC bit",
    "drop_with_half_the_rows": "half the rows",
    "drop_with_other_coding": "other weight coding",
    "drop_with_half_the_noise": "half the ADC noise",
    "accuracy_lost_in": "lost in (share)",
}
"""Headings of the table of predicted accuracy."""

ON_CHIP = ("weights_on_chip", "macs_on_chip")
ON_DIGITAL = ("weights_on_digital", "macs_on_digital")
"""Shares of weights and of products on the chip, and those of them on its digital unit."""


def headed(column: str) -> str:
    """Heading of a column of figures."""
    if column in COLUMN_TITLES:
        return COLUMN_TITLES[column]
    stem, _, _ = column.rpartition("_")
    if not stem:
        return label(column)
    return f"{label(stem)} ({display_unit(column)[1]})"


@dataclass(frozen=True)
class Measured:
    """A quantity in the tables of a run.

    Args:
        name: name such as `energy`; the name of the column for a quantity of the chip.
        unit: unit in the names of columns; empty if there is none, or for a quantity of the chip.
        columns: one per network, or that of the chip.
        per_workload: True for one value per network.
    """

    name: str
    unit: str
    columns: tuple[str, ...]
    per_workload: bool

    @property
    def factor(self) -> float:
        """Display units per unit of the file."""
        unit = self.unit if self.per_workload else self.name.rpartition("_")[2]
        return on_screen(unit)[0]

    @property
    def heading(self) -> str:
        """Name and unit for people."""
        if not self.per_workload:
            return headed(self.name)
        _, unit = on_screen(self.unit)
        return f"{label(self.name)} ({unit})" if unit else label(self.name)


def measured(columns: Sequence[str], workloads: Sequence[str]) -> list[Measured]:
    """Quantities in some columns, in order.

    Columns of networks are adjacent (`energy_resnet18_J, energy_vgg16_J, ...`), one per network;
    all others are of the chip. Names of networks may contain each other.
    """
    quantities: list[Measured] = []
    at = 0
    while at < len(columns):
        of_networks = _of_networks(columns[at:], workloads)
        quantities.append(
            of_networks or Measured(columns[at], "", (columns[at],), per_workload=False)
        )
        at += len(quantities[-1].columns)
    return quantities


def _of_networks(columns: Sequence[str], workloads: Sequence[str]) -> Measured | None:
    """Quantity of networks that the first columns are of, if any."""
    first = f"_{workloads[0]}"
    start = columns[0].find(first)
    while start >= 0:
        name, tail = columns[0][:start], columns[0][start + len(first) :]
        group = tuple(f"{name}_{workload}{tail}" for workload in workloads)
        if tuple(columns[: len(group)]) == group and tail[:1] in ("", "_"):
            return Measured(name, tail[1:], group, per_workload=True)
        start = columns[0].find(first, start + 1)
    return None


def quantity(column: str, value: float) -> str:
    """Name, value and unit as text."""
    heading = headed(column)
    name, bracket, unit = heading.partition(" (")
    return f"{name} {number(value)}" + (f" {unit.removesuffix(')')}" if bracket else "")


def cell(column: str, value: Any) -> str:
    """Value in the unit of its heading; a dash if unknown."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "—"
    if isinstance(value, str):
        return value
    if column == "utilization":
        return percent(value)
    if column == "regret":
        return times(1 + value)
    return number(value if column == TOKENS else value * display_unit(column)[0])


def number(value: float) -> str:
    """Number with four digits, or all before the decimal point."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def times(ratio: float) -> str:
    """A ratio as text: `1.528 ×`, or a whole number from 100 on."""
    return f"{ratio:.3f} ×" if ratio < 100 else f"{ratio:,.0f} ×"


SMALLEST_SHOWN = 5e-4
"""Smallest share by which a difference is shown."""

PREFIXES = {1.0: "", 1e-3: "m", 1e-6: "µ", 1e-9: "n", 1e-12: "p"}


def engineering(value: float, unit: str) -> str:
    """Value with three digits, a prefix below 1, and its unit.

    `unbounded` if infinite; a dash if unknown.
    """
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "unbounded"
    rounded = float(f"{value:.3g}")
    usual = 1.0 if rounded == 0 else 1e-12
    size = next((size for size in PREFIXES if abs(rounded) >= size), usual)
    return f"{number(float(f'{rounded / size:.3g}'))} {PREFIXES[size]}{unit}"


def percent(share: float) -> str:
    """Share in per cent, without the sign."""
    return "—" if np.isnan(share) else f"{100 * share:.1f}"


def criterion_unit(name: str, own: object = None) -> str:
    """Unit of the score of a criterion; empty if it has none.

    Args:
        name: the criterion, or that of the optimum of a single network.
        own: the own score of the study or its config, whose exponents give its unit.
    """
    if name.startswith(SINGLE_NETWORK):
        return NAMED["edap_max"].unit
    if name == SCORE and isinstance(own, Mapping):
        own = Exponents(**own)
    if name == SCORE and isinstance(own, Exponents):
        return own.unit
    return NAMED[name].unit if name in NAMED else ""


def criterion_heading(name: str) -> str:
    """Heading of a column of scores, with their unit."""
    unit = criterion_unit(name)
    return f"{label(name)} ({unit})" if unit else label(name)


def plain(value: Any) -> str:
    """Text of the value of a parameter."""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def used(limit: str, share: float, excess: float) -> str:
    """Text of the used share of a limit; if unknown, whether the limit is met."""
    if np.isnan(share):
        return "enough" if excess <= 0 else "unknown"
    if limit in IN_DECIBELS and share > 0:
        return f"{decibels(1 / share)} to spare" if share <= 1 else f"{decibels(share)} short"
    return f"{100 * share:.4g} %"


def margin(limit: str, share: float, excess: float) -> str:
    """Text of the unused share of a limit."""
    if limit in IN_DECIBELS or not share <= 1:
        return used(limit, share, excess)
    return f"{100 * (1 - share):.3g} % to spare"


IN_DECIBELS = tuple(SNR_LIMITS)
"""Limits whose shares are of noise power."""

GENERIC = "generic operands"
SNR = "snr"
"""Name of compute SNR among the quantities of networks."""


def generic_note(networks: Iterable[str]) -> str:
    """Note on the SNR of networks without their own operand statistics; empty for no network."""
    names = ", ".join(map(label, networks))
    text = f"{GENERIC}: the SNR of {names} rests on operand histograms of other networks"
    return text if names else ""


def limited_network(limit: str, network: str, generic: Collection[str]) -> str:
    """Network of a limit, with a note if its SNR is generic."""
    marked = limit in IN_DECIBELS and network in generic
    return f"{label(network)}, {GENERIC}" if marked else label(network)


CIRCUIT_LIMITS = {
    **SNR_LIMITS,
    "levels": "conductance margin",
    "wires": "IR drop",
    "sampling": "sampling noise",
    "accuracy": "accuracy",
}
"""Names of limits that are no amounts."""

FROM_BELOW = ("levels", "accuracy")

NOT_EVALUATED = {"evaluation": "cannot be evaluated"}

BEYOND = 10_000
"""Factor over a limit above which a network counts as not running at all."""

BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
BITS_PER_BYTE = 8


def limit_name(limit: str) -> str:
    """Name of a limit; limits of a study keep their key."""
    return CIRCUIT_LIMITS.get(limit) or (
        limit if limit.startswith(("max_", "min_")) else label(limit)
    )


def violation(limit: str, missing: float, excess: float = np.nan) -> str:
    """Text of a violated limit.

    Args:
        limit: name of the limit.
        missing: missing amount of a resource; NaN for other limits.
        excess: excess as a share; NaN if unknown.
    """
    name = limit_name(limit)
    below = limit.startswith("min_") or limit in (*IN_DECIBELS, *FROM_BELOW)
    side = "below" if below else "above"
    if limit in NOT_EVALUATED:
        return NOT_EVALUATED[limit]
    if limit in CIRCUIT_LIMITS and np.isnan(excess):
        return f"{name} {side} the limit"
    if limit in IN_DECIBELS:
        return f"{name} {decibels(1 + excess)} {side} the limit"
    if limit == "accuracy":
        return f"{name} {excess:.3g} {side} the limit"
    if limit == "sampling":
        return f"sampling alone is {np.sqrt(1 + excess):.3g} times adc_noise"
    # Shares of a limit have no unit.
    if np.isnan(missing) or np.isclose(missing, excess):
        share = excess / (1 + excess) if limit in FROM_BELOW else excess
        if share >= BEYOND:
            return f"{name} more than {BEYOND:,} times the limit"
        return f"{name} {100 * share:.3g} % {side} the limit"
    if limit.endswith("_bits"):
        return f"needs {_bytes(missing)} more {label(limit.removesuffix('_bits'))}"
    amount = f"{missing / 1e6:.3g} M" if missing >= 1e6 else f"{missing:.0f}"
    return f"needs {amount} more {name}"


def violations(limits: pd.DataFrame) -> str:
    """Text of violated limits; rows have `limit`, `network`, `missing` and `excess`."""
    rows = said_once(limits[limits["excess"].fillna(0) > 0])
    return ", ".join(
        violation(str(row["limit"]), row["missing"], row["excess"]) for _, row in rows.iterrows()
    )


def said_once(limits: pd.DataFrame) -> pd.DataFrame:
    """Rows of limits without those of ADC SQNR that a row of compute SNR says, see
    `is_said_by_compute_snr`."""
    shares = {
        network: dict(zip(rows["limit"], 1 + rows["excess"], strict=True))
        for network, rows in limits.groupby("network")
    }
    said = [
        is_said_by_compute_snr(limit, shares[network])
        for limit, network in zip(limits["limit"], limits["network"], strict=True)
    ]
    return limits[~np.array(said, dtype=bool)]


def missing_resources(row: pd.Series[Any], workload: str, workloads: Sequence[str]) -> str:
    """Text of what a network lacks on a chip, by columns `missing_<resource>_<network>`.

    If nothing is missing, it breaks a limit of the study.
    """
    columns = [str(c) for c in row.index if str(c).startswith("missing_")]
    at = workloads.index(workload)
    missing = {
        resource.name.removeprefix("missing_"): row[resource.columns[at]]
        for resource in measured(columns, workloads)
    }
    texts = [violation(name, amount) for name, amount in missing.items() if amount > 0]
    return ", ".join(texts) or "beyond its limits"


def _bytes(bits: float) -> str:
    number = bits / BITS_PER_BYTE
    for size, unit in BYTES:
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g} B"


LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "²": "$^2$",
    "µ": r"$\mu$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
    **{sign: f"${sign}$" for sign in "<>|"},
}


def latex(text: str) -> str:
    """Text with the signs of LaTeX escaped."""
    return "".join(LATEX.get(sign, sign) for sign in text)


def latex_table(
    columns: str, heading: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()
) -> str:
    """A table of LaTeX for the package booktabs.

    Args:
        columns: their alignment, such as `lrr`.
        heading: text per column; a single one is a title above all columns.
        rows: text per column.
        notes: comments below the table.
    """
    listed = [*rows]
    lines = [" & ".join(map(latex, row)) + r" \\" for row in listed]
    head = " & ".join(map(latex, heading))
    if len(heading) == 1:
        head = rf"\multicolumn{{{max(map(len, listed), default=1)}}}{{l}}{{{head}}}"
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            *(r"\toprule", rf"{head} \\", r"\midrule", *lines, r"\bottomrule"),
            r"\end{tabular}",
            *(f"% {note}" for note in notes),
            "",
        ]
    )
