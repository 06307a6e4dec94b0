"""Figures of an answer under uncertain costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from imcmoo.answers.drawn_device import AT_MEDIAN, NOMINAL, ROBUST, DrawnDevice
from imcmoo.answers.robust_answer import Pair, RobustAnswer
from imcmoo.report import palette, style

LINES = {
    NOMINAL: ("nominal", ":"),
    AT_MEDIAN: ("best at median costs", "--"),
    ROBUST: ("robust", "-"),
}
"""Name and line of each chip."""

LEAST_REGRET = 1e-3
"""Left end of the axis of regrets; smaller ones are at it."""

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
    """Cumulative distribution of the regrets of the three chips over the draws."""
    figure = Figure(figsize=(style.COLUMN, 2.4), layout="constrained")
    ax = figure.subplots()
    for at, (role, (name, line)) in enumerate(LINES.items()):
        chip = part.chip(role)
        if chip is None:
            continue
        regret = np.sort(np.maximum(chip.regrets, LEAST_REGRET))
        share = np.arange(1, len(regret) + 1) / len(regret)
        kept = np.isfinite(regret)
        ax.step(
            regret[kept], share[kept], line, where="post", color=palette.COLOURS[at], label=name
        )
    ax.set(xscale="log", xlabel="regret", ylabel="share of draws", ylim=(0, 1.02))
    ax.legend(frameon=False)
    return figure


def ratio_of_devices(pair: Pair) -> Figure:
    """Distribution of the ratio of two devices, and the shares of its variance, if known."""
    n = 1 if pair.shares is None else 2
    width = style.COLUMN if pair.shares is None else style.WIDTH
    figure = Figure(figsize=(width, 2.4), layout="constrained")
    left, *others = figure.subplots(1, n, squeeze=False)[0]
    left.hist(np.log10(pair.ratios), bins=30, color=palette.COLOURS[0])
    left.axvline(0, color="0.3", linewidth=0.8)
    left.set(xlabel=f"log10 of {pair.label}", ylabel="draws")
    if pair.shares is not None:
        best = sorted(pair.shares[0].items(), key=lambda one: one[1].share)[-BARS:]
        others[0].barh([entry for entry, _ in best], [100 * share.share for _, share in best],
                       color=palette.COLOURS[1])  # fmt: skip
        others[0].set(xlabel="share of the variance, %")
    return figure
