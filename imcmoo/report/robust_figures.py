"""Figures of an answer under uncertain costs."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from imcmoo.answers.drawn_device import (
    AT_MEDIAN,
    NOMINAL,
    ROBUST,
    ROBUST_OF_ALL,
    DrawnChip,
    DrawnDevice,
)
from imcmoo.answers.robust_answer import Pair, RobustAnswer
from imcmoo.arrays import Floats
from imcmoo.display.labels import label
from imcmoo.report import palette, style

NAMES = {NOMINAL: "nominal", AT_MEDIAN: "best at median costs", ROBUST: "robust"}
"""Names of chips; the role of any other is its name."""

LINES = (":", "--", "-")
"""Lines of these chips."""

LINES_OF_OTHERS = ("-.", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))

LEAST_REGRET = 0.1
"""Left end of the axis of regrets, percent; smaller ones are at it."""

MOST_CURVES = 20
"""Chips whose curves are drawn: a legend of more is longer than a page."""

MOST_TICKS = 6
"""Ticks of an axis of regrets that fit one column."""

BARS = 5
"""Entries whose shares are shown."""


def draw_robust(answer: RobustAnswer, folder: Path) -> None:
    """Write the figures of an answer into its folder, as PNG."""
    with style.paper_style():
        figures = {f"regret_{part.label}": regret_curves(part) for part in answer.parts}
        for pair in answer.pairs:
            figures[f"ratio_{pair.first.label}_{pair.second.label}"] = ratio_of_devices(pair)
        for name, figure in figures.items():
            style.save(figure, folder, name, ("png",))


def regret_curves(part: DrawnDevice) -> Figure:
    """Cumulative distribution of the regrets of the chips of a device over the draws.

    Chips with the same curve share it.
    """
    figure = Figure(figsize=(style.COLUMN, 2.4), layout="constrained")
    ax = figure.subplots()
    chips = [chip for chip in part.chips if chip.role != ROBUST_OF_ALL]
    alike: dict[bytes, list[DrawnChip]] = {}
    for chip in chips[:MOST_CURVES]:
        alike.setdefault(_percent(chip).tobytes(), []).append(chip)
    regrets = np.concatenate([_percent(same[0]) for same in alike.values()])
    last = regrets.max(initial=10, where=np.isfinite(regrets))
    decades = math.ceil(math.log10(last / LEAST_REGRET))
    others = itertools.count(len(LINES))
    for same in alike.values():
        roles = [*NAMES]
        at = roles.index(same[0].role) if same[0].role in roles else next(others)
        _curve(ax, at, same, LEAST_REGRET * 10.0**decades)
    ticks = LEAST_REGRET * 10.0 ** np.arange(0, decades + 1, math.ceil(decades / MOST_TICKS))
    ax.set(xscale="log", ylim=(0, 1.02), title=_title(part, len(chips)))
    ax.set(xlabel="excess over the best chip of the draw (%)", ylabel="share of the draws")
    ax.set_xticks(ticks, [f"≤ {LEAST_REGRET:g}", *(f"{tick:,.0f}" for tick in ticks[1:])])
    ax.xaxis.set_minor_locator(NullLocator())
    height = style.legend_below(figure, ax, title="")
    figure.set_figheight(figure.get_figheight() + height)
    return figure


def _percent(chip: DrawnChip) -> Floats:
    """Regrets in ascending order as on the axis, percent."""
    return np.sort(np.maximum(100 * chip.regrets, LEAST_REGRET))


def _curve(ax: Axes, at: int, chips: list[DrawnChip], end: float) -> None:
    """Curve of chips with equal regrets, to the right end of the axis."""
    regret = _percent(chips[0])
    kept = regret[np.isfinite(regret)]
    share = np.arange(len(kept) + 1) / len(regret)
    # A legend leaves out labels that begin with "_", as names of files may.
    names = {chip.role: "chip " + chip.role.replace("$", r"\$") for chip in chips} | NAMES
    name = " = ".join(names[chip.role] for chip in chips)
    if len(kept) < len(regret):
        name += f" (breaks limits in {100 * (1 - share[-1]):.3g} %)"
    ax.step(
        [kept[0] if len(kept) else LEAST_REGRET, *kept, end],
        [*share, share[-1]],
        where="post",
        linestyle=(*LINES, *LINES_OF_OTHERS)[min(at, len(LINES) + at % len(LINES_OF_OTHERS))],
        color=palette.COLOURS[at % len(palette.COLOURS)],
        zorder=3 - at / MOST_CURVES,  # dots and dashes above lines
        label=name,
    )


def _title(part: DrawnDevice, n_chips: int) -> str:
    n, lost = int(part.counted.sum()), int((~part.counted).sum())
    title = f"{part.label}: {n} draws" + (f" ({lost} more have no chip)" if lost else "")
    return title + (f"; {MOST_CURVES} of {n_chips} chips" if n_chips > MOST_CURVES else "")


def ratio_of_devices(pair: Pair) -> Figure:
    """Distribution of the ratio of two devices, and the shares of its variance, if known."""
    n = 1 if pair.shares is None else 2
    figure = Figure(figsize=(style.COLUMN, 2.4 * n), layout="constrained")
    upper, *others = figure.subplots(n, 1, squeeze=False)[:, 0]
    _histogram(upper, pair)
    if pair.shares is not None:
        of_groups, r2 = pair.shares
        best = sorted(of_groups.items(), key=lambda one: one[1].share)[-BARS:]
        others[0].barh(
            [label(entry) for entry, _ in best],
            [100 * share.share for _, share in best],
            color=palette.COLOURS[1],
        )
        others[0].set(
            title=f"share of the variance of log({pair.label})",
            xlabel=f"share (%); all assumptions together {100 * r2:.0f} %",
        )
    return figure


def _histogram(ax: Axes, pair: Pair) -> None:
    """Histogram of the ratio on a logarithmic axis, with the side on which a device is better."""
    logs = np.log10(pair.ratios)
    low, high = logs.min(initial=0.0), logs.max(initial=0.0)
    step = max((high - low) / 30, 0.02)  # edges include 1, so that no bar is on both sides
    edges = step * np.arange(math.floor(low / step), math.ceil(high / step) + 1)
    ax.hist(pair.ratios, bins=10.0**edges, color=palette.COLOURS[0])
    ax.axvline(1, color="0.3", linewidth=0.8)
    # Room for the text at the left of the line.
    low, high = min(low, -0.5 * high, -0.1) - step, high + step
    ax.set(xscale="log", xlim=(10**low, 10**high), ylabel="draws",
           xlabel=f"score of {pair.first.label} / score of {pair.second.label}")  # fmt: skip
    style.round_ticks(ax.xaxis, "{x:g}×")
    ax.margins(y=0.15)
    ax.annotate(
        f"← {pair.first.label} better",
        (1, 1),
        (-3, -3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=style.LEAST_TEXT,
    )
    better, both = int((pair.ratios < 1).sum()), len(pair.ratios)
    title = f"{pair.first.label} better in {better} of {both} draws"
    lost = {part.label: int((~part.counted).sum()) for part in (pair.first, pair.second)}
    missing = [f"of {name} in {n} of {pair.first.table.n} draws" for name, n in lost.items() if n]
    if missing:
        title += f" with chips of both\nnot shown: no chip {', '.join(missing)}"
    ax.set_title(title)
