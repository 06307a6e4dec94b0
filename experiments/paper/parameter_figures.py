"""The figures about parameters: what each costs, and what it explains."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imcmoo.report.labels import label
from imcmoo.report.style import COLUMN, LEAST_TEXT, colours, legend_below, round_ticks

SHOWN = {
    "voltage_V": ("voltage (V)", 1.0),
    "cycle_s": ("cycle time (ns)", 1e-9),
    "cols": ("columns", 1.0),
    "glb_depth": ("global buffer (MiB)", 4096.0),
}
"""Title of a parameter, and the unit it is shown in."""


CHEAP = 1.2
"""Cost of a parameter's worst value, over the optimum, under which it gets no panel."""

MOST = 5
"""Parameters whose effects are shown."""


def parameter_name(name: str) -> str:
    """Name of a parameter for people, without its unit."""
    return SHOWN.get(name, (label(name),))[0].partition(" (")[0]


def sensitivity(frame: pd.DataFrame, width: float) -> Figure:
    """What fixing one parameter costs: the best scores left, over their optima. Parameters no
    value of which costs anything worth a panel are named below instead.

    Args:
        frame: columns parameter, value, and <score>_over_best.
        width: inches.
    """
    scores = [c for c in map(str, frame) if c.endswith("_over_best")]
    worst = frame.groupby("parameter", sort=False)[scores].max().max(axis=1)
    names = [str(n) for n in worst.index[worst >= CHEAP]]
    rows = -(-len(names) // (2 if width <= COLUMN else 4))
    columns = -(-len(names) // rows)
    figure = Figure(figsize=(width, 0.7 + 1.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        _steps(ax, frame[frame["parameter"] == name], scores)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    figure.supylabel("least score, over the optimum", fontsize=8)
    figure.suptitle(_no_panel(frame, worst, width), fontsize=LEAST_TEXT)
    legend_below(figure, axes[0], title="")
    return figure


def _no_panel(frame: pd.DataFrame, worst: pd.Series[float], width: float) -> str:
    """Which parameters have no panel, and why; lines to fit the width."""
    cheap = [str(n) for n in worst.index[worst < CHEAP]]
    left = frame.dropna().groupby("parameter")["value"].nunique()
    single = [n for n in cheap if left[n] == 1]
    said = [
        f"{what}: {', '.join(map(parameter_name, names))}"
        for what, names in (
            (f"costs less than {CHEAP:g}× whatever it is", [n for n in cheap if n not in single]),
            ("one value runs all networks", single),
        )
        if names
    ]
    return "\n".join(line for text in said for line in wrap(text, int(17 * width)))


def _steps(ax: Axes, own: pd.DataFrame, scores: Sequence[str]) -> None:
    name = own["parameter"].iloc[0]
    title, unit = SHOWN.get(name, (label(name), 1.0))
    at = np.arange(len(own))
    for score, colour, marker in zip(scores, colours(len(scores)), "os", strict=False):
        ratio = own[score].to_numpy(dtype=float)
        named = label(score.removesuffix("_over_best"))
        # Hollow and larger, so that the other shows through where they agree.
        size = {"o": 5, "s": 2.5}[marker]
        fill = "none" if marker == "o" else colour
        ax.plot(at, ratio, marker=marker, ms=size, mfc=fill, color=colour, lw=0.9, label=named)
    ax.set_xticks(at, [f"{v:g}" for v in own["value"] / unit], rotation=60 if len(at) > 5 else 0)
    ax.set(yscale="log", xlim=(-0.5, len(own) - 0.5))
    ax.set_title(title, fontsize=LEAST_TEXT)
    round_ticks(ax.yaxis, "{x:g}×")


def asked(frame: pd.DataFrame) -> pd.DataFrame:
    """The quantities a reader asks about, energies and latencies as means over the networks, of
    the `MOST` parameters with the largest share in any of them.

    Args:
        frame: columns study, parameter, quantity, share_alone, share_total.
    """
    kind = frame["quantity"].str.partition("_")[0]
    per_network = kind.isin(["energy", "latency"])
    named = frame.assign(quantity=frame["quantity"].where(~per_network, kind))
    keys = ["study", "parameter", "quantity"]
    means = named.groupby(keys, sort=False, as_index=False).mean()
    shares = means.groupby("parameter", sort=False)[["share_alone", "share_total"]].max()
    most = shares.max(axis=1).nlargest(MOST).index
    return means[means["parameter"].isin(most)]


def effects(frame: pd.DataFrame, width: float) -> Figure:
    """Which share of a quantity's variance a parameter explains alone, and which is left when all
    others are fixed.

    Args:
        frame: columns parameter, quantity, share_alone, share_total.
        width: inches.
    """
    figure = Figure(figsize=(width, 1.9), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    parameters = list(dict.fromkeys(frame["parameter"]))
    quantities = list(dict.fromkeys(frame["quantity"]))
    for ax, column, title in zip(
        axes, ("share_alone", "share_total"), ("alone (%)", "all others fixed (%)"), strict=True
    ):
        table = frame.pivot(index="parameter", columns="quantity", values=column)
        shares = 100 * table.loc[parameters, quantities] + 0.0
        sns.heatmap(
            shares.round().abs(),  # no minus in front of a rounding error
            ax=ax,
            annot=True,
            fmt=".0f",
            annot_kws={"size": LEAST_TEXT},
            cmap="Blues",
            vmin=0,
            vmax=100,
            linewidths=0.4,
            xticklabels=[label(q) for q in quantities],
            yticklabels=list(map(parameter_name, parameters)),
            cbar=False,
        )
        ax.set(xlabel="", ylabel="")
        ax.set_title(title, fontsize=8)
        ax.tick_params(length=0)
        ax.tick_params(axis="x", labelrotation=90 if width <= COLUMN else 0)
    return figure
