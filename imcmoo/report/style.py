"""How figures look: sizes, colours, and files that are the same every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

WIDTH = 7.16
"""Inches: two columns of an IEEE page."""

HIGHLIGHT = "#D55E00"
"""The selected design: vermillion of the colour-blind-safe palette, used for nothing else."""

MARKERS = "osD^vPXph"
"""One per workload, so that figures can be read without colour."""

_RC: Any = {  # newer matplotlib types the keys, older ones do not
    "font.size": 8,
    "font.family": "STIXGeneral",
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
    "savefig.dpi": 150,
}


def colours(n: int) -> list[tuple[float, float, float]]:
    """`n` colours of the colour-blind-safe palette, without the one kept for `HIGHLIGHT`."""
    palette = sns.color_palette("colorblind")
    usable = [c for c in palette if mpl.colors.to_hex(c).upper() != HIGHLIGHT]
    return [usable[i % len(usable)] for i in range(n)]


def workload_styles(workloads: Sequence[str]) -> list[tuple[tuple[float, float, float], str]]:
    """Colour and marker of each workload, the same in every figure."""
    return list(zip(colours(len(workloads)), MARKERS, strict=False))


def legend_below(figure: Figure, ax: Axes, *, title: str) -> None:
    """One legend for all panels, below them and outside."""
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, title=title)


def round_ticks(axis: Axis, form: str) -> None:
    """Few ticks on a logarithmic axis, at round values and written out; after all is drawn."""
    axis.axes.autoscale_view()
    low, high = axis.get_view_interval()
    between = (1.2, 1.5, 2.0, 2.5) if high < 4 * low else (2.0,)
    axis.set_major_locator(LogLocator(subs=(1.0, *between, 3.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(form)


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the style of the paper figures."""
    with mpl.rc_context(), sns.axes_style("ticks", rc={"axes.grid": False}):
        mpl.rcParams.update(_RC)
        yield


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `name`.png and `name`.pdf, free of dates so that the same figure is the same bytes."""
    with mpl.rc_context(_RC):
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        figure.set_layout_engine("none")  # laid out by now; once is enough, it is slow
        figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
