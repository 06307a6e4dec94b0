"""The page `silicon.md`: every number in it stands in one of the tables beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from experiments.paper.markdown import table as markdown_table
from experiments.silicon import prose
from experiments.silicon.comparison import DEFAULT, GOALS
from experiments.silicon.figures import DISTRIBUTIONS, RESOURCES
from experiments.silicon.table import MEASURED

NAMES = {
    "t_core_ns": "time of an invocation",
    "tops_per_W_1b": "TOPS/W",
    "tops_per_mm2_1b": "TOPS/mm²",
    "area": "area",
}
UNITS = {"1": "ratio", "mm2": "mm²", "us": "µs"}
OTHERS = {"snr_dB": "SNR (dB)", "active_rows": "rows read at once"}
NOTHING = "–"


@dataclass(frozen=True)
class Inputs:
    """What the page tells of.

    Args:
        silicon: the table of macros with what the model says.
        derived: the other tables, by name.
        factor: fitted on area.
        folder: of the tables, as seen from the page.
        own: whether the macros are the shipped ones, whose misses are explained.
    """

    silicon: pd.DataFrame
    derived: dict[str, pd.DataFrame]
    factor: float
    folder: str
    own: bool


def page(inputs: Inputs) -> str:
    """The page as Markdown."""
    sections = [
        prose.introduction(inputs.folder),
        _agreement(inputs),
        _figure(
            inputs,
            "silicon",
            "Modelled against measured; grey: within a factor of 3. Colour: node the macro is "
            "evaluated at; circles SRAM, squares resistive. The two worst misses are named by "
            "venue, year and row of `silicon.csv`.",
        ),
        _readings(inputs),
        _classes(inputs),
        _misses(inputs),
        _left_out(inputs),
        _chips(inputs),
        _random(inputs),
    ]
    return "\n".join(section.strip() + "\n" for section in sections)


def number(value: float) -> str:
    """Three digits, a dash for nothing."""
    if pd.isna(value):
        return NOTHING
    if value == float("inf"):
        return "∞"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def share(value: float) -> str:
    """Percent, to the whole one from 1 up."""
    if pd.isna(value):
        return NOTHING
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else f"{100 * value:.2f} %"


def rank(value: float) -> str:
    """A correlation with two decimals."""
    return NOTHING if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def default_agreement(derived: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Agreement of the model as it stands, one line for each of `MEASURED`."""
    frame = derived["agreement"]
    own = frame[(frame["reading"] == DEFAULT.name) & (frame["periphery"] == "fitted")]
    return own.set_index("quantity").loc[list(MEASURED)]


def _agreement(inputs: Inputs) -> str:
    found = default_agreement(inputs.derived)
    lines = [
        [
            NAMES[name],
            f"{line['rows']:.0f}",
            share(line["within"]),
            _goal(name, "within", line["within"]),
            rank(line["rank"]),
            _goal(name, "rank", line["rank"]),
            number(line["median_ratio"]),
        ]
        for name, line in found.iterrows()
    ]
    header = ["", "rows", "within 3 ×", "goal", "rank correlation", "goal", "median model/chip"]
    covered = inputs.silicon["covered"]
    return (
        f"## Agreement\n\n{covered.sum()} of {len(covered)} rows are covered.\n\n"
        + markdown_table(header, lines)
        + ("\n" + prose.verdict(inputs.derived) if inputs.own else "")
    )


def _goal(name: object, kind: str, value: float) -> str:
    goal = GOALS.get((str(name), kind))
    if goal is None:
        return NOTHING
    told = f"{100 * goal:.0f} %" if kind == "within" else f"{goal:g}"
    return f"{told}, {'met' if value >= goal else 'not met'}"


def _figure(inputs: Inputs, name: str, caption: str) -> str:
    path = f"{inputs.folder}/figures/{name}"
    return (
        f"![{caption}]({path}.png)\n\n*{caption}* [PDF]({path}.pdf), [one column]"
        f"({path}_narrow.pdf), [what it shows]({path}.csv).\n"
    )


def _readings(inputs: Inputs) -> str:
    frame = inputs.derived["agreement"]
    lines = [
        [
            line["reading"],
            NAMES[line["quantity"]],
            line["periphery"] if line["quantity"] == "tops_per_mm2_1b" else NOTHING,
            f"{line['rows']:.0f}",
            share(line["within"]),
            rank(line["rank"]),
            number(line["median_ratio"]),
        ]
        for _, line in frame.iterrows()
    ]
    header = ["reading", "", "periphery", "rows", "within 3 ×", "rank", "median model/chip"]
    text = prose.readings(inputs.factor)
    return f"## Other readings of the model\n\n{text}\n" + markdown_table(header, lines)


def _classes(inputs: Inputs) -> str:
    frame = inputs.derived["by_class"]
    frame = frame[frame["reading"] == DEFAULT.name]
    lines = [
        [
            line["class"],
            NAMES[line["quantity"]],
            f"{line['rows']:.0f}",
            share(line["within"]),
            rank(line["rank"]),
            number(line["median_ratio"]),
        ]
        for _, line in frame.iterrows()
    ]
    header = ["macros", "", "rows", "within 3 ×", "rank", "median model/chip"]
    explained = prose.explanation(inputs.derived, inputs.factor) if inputs.own else ""
    return f"## Where it errs\n\n{explained}\n" + markdown_table(header, lines)


def _misses(inputs: Inputs) -> str:
    frame = inputs.derived["compared"]
    missed = frame[~frame["within"].astype(bool)].sort_values(["quantity", "ratio"], kind="stable")
    lines = [
        [
            NAMES[line["quantity"]],
            _plain(line["label"]),
            f"{line['node_nm']:.0f} nm {str(line['device']).upper()}",
            number(line["measured"]),
            number(line["model"]),
            number(line["ratio"]),
            share(line["adc_share"]),
        ]
        for _, line in missed.iterrows()
    ]
    header = [
        "",
        "venue, year, row",
        "taken as",
        "measured",
        "model",
        "model/chip",
        "ADC of energy",
    ]
    return "## Misses, all of them\n\n" + markdown_table(header, lines)


def _left_out(inputs: Inputs) -> str:
    frame = inputs.silicon
    out = frame[~frame["covered"].astype(bool)]
    counted = Counter(out["reason"]).most_common()
    stand_ins = sum(bool(reason) for reason in frame.loc[frame["covered"].astype(bool), "reason"])
    lines = [
        [
            _plain(reason),
            str(count),
            ", ".join(str(i + 1) for i in out.index[out["reason"] == reason]),
        ]
        for reason, count in counted
    ]
    return (
        "## Rows left out\n\n"
        + markdown_table(["reason", "rows", "which"], lines)
        + f"\n{stand_ins} covered rows stand for another node, supply, size or cell than their "
        "own; `silicon.csv` says which, row by row.\n"
    )


def _plain(text: str) -> str:
    """Text of a user's table that cannot break ours."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _chips(inputs: Inputs) -> str:
    frame = inputs.derived["chips"]
    lines = [
        [
            line["chip"],
            line["setting"],
            line["quantity"],
            UNITS.get(line["unit"], line["unit"]),
            number(line["measured"]),
            number(line["model"]),
            number(line["ratio"]),
        ]
        for _, line in frame.iterrows()
    ]
    header = ["chip", "setting", "", "unit", "measured", "model", "model/chip"]
    own = frame.drop_duplicates(["chip", "source"])
    sources = "; ".join(dict.fromkeys(own["chip"] + ": " + own["source"]))
    return (
        f"## Further chips\n\n{prose.chips(frame)}\n"
        + markdown_table(header, lines)
        + f"\nSources: {sources}.\n"
    )


def _random(inputs: Inputs) -> str:
    spread, limits = inputs.derived["random_designs"], inputs.derived["random_limits"]
    shown = spread[spread["workload"].isin([prose.NETWORK, ""])]
    lines = [
        [
            str(line["device"]).upper() if line["device"] != "published" else "published",
            line["designs"],
            DISTRIBUTIONS.get(line["quantity"], OTHERS.get(line["quantity"], line["quantity"])),
            f"{line['n']:.0f}",
            *(number(line[f"p{p}"]) for p in (5, 25, 50, 75, 95)),
        ]
        for _, line in shown.iterrows()
    ]
    header = ["device", "designs", "", "n", "5 %", "25 %", "50 %", "75 %", "95 %"]
    kept = limits.pivot(index="limit", columns="device", values="share")
    kept = kept.loc[list(dict.fromkeys(limits["limit"]))]
    shares = [
        [str(name), share(line["rram"]), share(line["sram"])] for name, line in kept.iterrows()
    ]
    bounds = inputs.derived["random_bounds"]
    binding = bounds.pivot(index="resource", columns=["device", "designs"], values="share")
    binding = binding.loc[list(dict.fromkeys(bounds["resource"]))]
    groups = [("rram", "all"), ("rram", "feasible"), ("sram", "all"), ("sram", "feasible")]
    binds = [
        [RESOURCES.get(str(n), str(n)), *(share(line[g]) for g in groups)]
        for n, line in binding.iterrows()
    ]
    caption = (
        "Random designs, ResNet18: 5th to 95th percentile, box: the middle half; grey: 5th to 95th "
        "percentile of the covered published macros at 8 × 8 bits, line: their median; signal to "
        "noise is cut at 60 dB. Last panel: what binds, of all networks."
    )
    return (
        f"## Random designs\n\n{prose.random_designs(inputs.derived)}\n"
        + markdown_table(["limit kept", "RRAM", "SRAM"], shares)
        + "\n"
        + _figure(inputs, "random_designs", caption)
        + "\n"
        + markdown_table(header, lines)
        + "\n"
        + _causes(inputs)
        + "\n"
        + markdown_table(["what binds", *(f"{d.upper()}, {t}" for d, t in groups)], binds)
    )


def _causes(inputs: Inputs) -> str:
    """Medians of all designs by what moves them most."""
    frame = inputs.derived["random_causes"]
    frame = frame[frame["workload"] == prose.NETWORK]
    named = {"technology_nm": "node (nm)", "active_rows": OTHERS["active_rows"]}
    names = ("energy_mJ", "latency_ms", "tops_per_W")
    lines = [
        [
            str(line["device"]).upper(),
            named[line["parameter"]],
            str(line["value"]),
            str(line["n"]),
            *(number(line[name]) for name in names),
        ]
        for _, line in frame.iterrows()
    ]
    header = ["device", "by", "", "n", *(f"{DISTRIBUTIONS[name]}, median" for name in names)]
    return markdown_table(header, lines)
