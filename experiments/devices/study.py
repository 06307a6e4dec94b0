"""`imcmoo reproduce devices`: analog SRAM, digital SRAM or RRAM?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from experiments import markdown
from experiments.agreement import agreed
from experiments.devices import chips
from experiments.devices.chips import (
    ASSUMED,
    CHEAPEST,
    DEAREST,
    DEVICES,
    QUESTIONS,
    REFERENCE,
    TITLES,
    Task,
)
from experiments.edge_networks.page import TABLES as EXECUTED
from experiments.edge_networks.page import executed, verdict_by_network
from experiments.physics.devices import EXTREMES
from experiments.physics.page import device_ratio
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from imcmoo.hardware.physical_table import OPEN
from imcmoo.report import style

PHYSICS = EXECUTED.parent / "physics"
"""Tables of the comparison of analog devices by every EDAP."""
SETS = ("four", "nine")
"""Sets of networks of that comparison."""
ASKED = {
    "four": "EDAP, four networks",
    "nine": "EDAP, nine networks",
    "cameras": "power, four cameras",
}
RANGE = ("low", "assumed", "high")


class Devices(Publication):
    """Proven best chips of three devices, over the bands of their assumptions."""

    name = path = "devices"
    tasks = tuple(chips.tasks())
    float_format = "%.12g"

    @property
    def depends_on(self) -> str:
        """The problems of all states."""
        as_assumed = (task for task in self.tasks if task[-1] == ASSUMED)
        each = (chips.problem_of(*task) for task in self.tasks)
        return dependence((chips.problem_of(*task) for task in as_assumed), stamped=each)

    def run_task(self, task: Task) -> Result:
        """Prove one chip."""
        return {"chips": chips.best_chip(*task)}

    def derived(self, folder: Path) -> dict[str, pd.DataFrame]:
        """Ranges of ratios to the reference device, and the open component table."""
        proven = read_tables(folder)["chips"]
        return {"ranges.csv": ranges(proven), "open_table.csv": of_open_table(proven)}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """The ranges."""
        return {"devices": (read_tables(folder)["ranges"], draw)}

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`devices.md`."""
        return {docs / "devices.md": page(read_tables(EXECUTED) | read_tables(folder))}


def ranges(proven: pd.DataFrame) -> pd.DataFrame:
    """Value of each device over that of the reference, as assumed and in the extremes.

    Low is the device at the cheapest end of its assumptions against the reference at its dearest
    end, high the opposite. Rows without a feasible chip are left out.
    """
    value = proven.set_index(["question", "device", "state"])["value"]
    states = ((CHEAPEST, DEAREST), (ASSUMED, ASSUMED), (DEAREST, CHEAPEST))
    ends = dict(zip(RANGE, states, strict=True))
    rows = [
        {"question": question, "device": device}
        | {
            n: value[question, device, a] / value[question, REFERENCE, b]
            for n, (a, b) in ends.items()
        }
        for question in QUESTIONS
        for device in DEVICES
        if device != REFERENCE
    ]
    return pd.DataFrame(rows).dropna(ignore_index=True)


def of_open_table(proven: pd.DataFrame) -> pd.DataFrame:
    """Value of the best digital chip with the open component table over that with the shipped one,
    and whether it is the same chip."""
    digital = markdown.select(proven, device=chips.DIGITAL).set_index(["state", "question"])
    shipped, opened = digital.loc[ASSUMED], digital.loc[OPEN]
    design = chips.study_of("four", chips.DIGITAL).space.names
    return pd.DataFrame(
        {
            "question": shipped.index,
            "ratio": (opened["value"] / shipped["value"]).to_numpy(),
            "same_chip": (opened[design].to_numpy() == shipped[design].to_numpy()).all(axis=1),
        }
    )


def certain(proven: pd.DataFrame) -> list[dict[str, Any]]:
    """Rankings that hold over the bands of all costs: `better` at its dearest is better than
    `worse` at its cheapest. `ratio` is the value of the latter over that of the former, above 1."""
    value = proven.set_index(["question", "device", "state"])["value"]
    return [
        {
            "question": question,
            "better": better,
            "worse": worse,
            "ratio": value[question, worse, CHEAPEST] / value[question, better, DEAREST],
        }
        for worse in reversed(DEVICES)
        for better in DEVICES
        for question in QUESTIONS
        if value[question, better, DEAREST] < value[question, worse, CHEAPEST]
    ]


def with_dram(proven: pd.DataFrame) -> dict[str, float]:
    """EDAP of the best digital chip over that of the reference, by question, both with costs as
    assumed and the area of DRAM."""
    of = markdown.select(proven, state=ASSUMED).set_index(["device", "question"])
    edap = of["energy_J"] * of["latency_s"] * of["package_mm2"]
    return {
        question: edap[chips.DIGITAL, question] / edap[REFERENCE, question]
        for question in QUESTIONS
    }


def digital_always_wins(proven: pd.DataFrame) -> bool:
    """True if in every question the digital chip is better than the reference at its assumed costs,
    wherever its own costs are in their bands."""
    assumed = markdown.select(proven, device=REFERENCE, state=ASSUMED).set_index("question")
    digital = markdown.select(proven, device=chips.DIGITAL)
    return bool((digital["value"] < digital["question"].map(assumed["value"])).all())


def best_device(of_question: pd.DataFrame) -> str | None:
    """The device whose values are below those of all others over the ranges of a question; None if
    it depends on the assumptions."""
    ends = of_question.set_index("device")[["low", "high"]]
    for device, end in ends.iterrows():
        others = ends.drop(device)["low"]
        if end["high"] < 1 and (end["high"] < others).all():
            return str(device)
    return REFERENCE if len(ends) and (ends["low"] > 1).all() else None


def draw(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the ratios to the reference, a line from the low to the high end."""
    figure = Figure(figsize=(width, 1.0 + 0.45 * len(QUESTIONS)), layout="constrained")
    ax = figure.subplots()
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    others = [device for device in DEVICES if device != REFERENCE]
    questions = list(QUESTIONS)
    for at, (device, (colour, marker)) in enumerate(
        zip(others, style.workload_styles(others), strict=True)
    ):
        of_device = markdown.select(frame, device=device)
        y = [questions.index(q) + 0.24 * (at - 0.5) for q in of_device["question"]]
        ax.hlines(y, of_device["low"], of_device["high"], color=colour, linewidth=2)
        dots: dict[str, Any] = {"color": colour, "ms": 5, "mec": "white", "mew": 0.5}
        ax.plot(of_device["assumed"], y, marker, label=TITLES[device], **dots)
    ax.set_yticks(range(len(questions)), [ASKED[q] for q in questions])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(questions) - 0.5, -0.5))
    ax.set_xlabel(f"relative to {TITLES[REFERENCE]} (< 1×: better)")
    style.round_ticks(ax.xaxis, "{x:g}×")
    style.legend_below(figure, ax, title="")
    return figure


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Write the page; verdicts on real networks are of another publication."""
    spans, verdicts = tables["ranges"], tables["edge_six_verdicts"]
    return markdown.render(
        "devices.md",
        chips=chips,
        titles=TITLES,
        asked=ASKED,
        proven=tables["chips"],
        ranges=spans,
        opened=tables["open_table"],
        real={d: runs[0] for d in DEVICES if (runs := executed(verdicts, d))},
        works={device: verdict_by_network(verdicts, device) for device in DEVICES},
        agreed=agreed(),
        best={q: best_device(markdown.select(spans, question=q)) for q in QUESTIONS},
        sure=certain(tables["chips"]),
        with_dram=with_dram(tables["chips"]),
        by_interval={
            n: device_ratio(read_tables(PHYSICS)["devices"], n, EXTREMES[1]) for n in SETS
        },
        digital_wins=digital_always_wins(tables["chips"]),
    )
