"""The page `silicon.md`: every number in it stands in one of the tables beside it."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from experiments.paper.markdown import table as markdown_table
from experiments.silicon import prose, random_page
from experiments.silicon.comparison import DEFAULT, GOALS
from experiments.silicon.table import MEASURED
from experiments.silicon.words import NOTHING, Inputs, figure, number, plain, rank, share

NAMES = {
    "t_core_ns": "time of an invocation",
    "tops_per_W_1b": "TOPS/W",
    "tops_per_mm2_1b": "TOPS/mm²",
    "area": "area",
}
UNITS = {"1": "ratio", "mm2": "mm²", "us": "µs"}


def page(inputs: Inputs) -> str:
    """The page as Markdown."""
    sections = [
        prose.introduction(inputs.folder),
        _agreement(inputs),
        figure(
            inputs,
            "silicon",
            "Modelled against measured; grey: within a factor of 3. Colour: node; circles SRAM, "
            "squares resistive. The three worst misses have their rows of `silicon.csv`.",
        ),
        _readings(inputs),
        _classes(inputs),
        _misses(inputs),
        _left_out(inputs),
        _chips(inputs),
        random_page.section(inputs),
    ]
    return "\n".join(section.strip() + "\n" for section in sections)


def default_agreement(derived: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Agreement of the model as it stands, one line for each of `MEASURED`."""
    frame = derived["agreement"]
    own = frame[(frame["reading"] == DEFAULT.name) & (frame["periphery"] == "fitted")]
    return own.set_index("quantity").loc[list(MEASURED)]


def _agreement(inputs: Inputs) -> str:
    found = default_agreement(inputs.derived)
    lines = [
        [
            NAMES[str(name)],
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
    if pd.isna(value):
        return told
    return f"{told}, {'met' if value >= goal else 'not met'}"


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
            f"{line['row']}",
            plain(line["label"]),
            f"{line['taken_nm']:.0f} nm {str(line['device']).upper()}",
            number(line["measured"]),
            number(line["model"]),
            number(line["ratio"]),
            share(line["adc_share"]),
        ]
        for _, line in missed.iterrows()
    ]
    header = [
        "",
        "row",
        "venue, year",
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
            plain(reason),
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
