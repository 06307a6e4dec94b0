"""Style of figures: sizes, colours, and reproducible files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from imcmoo.report import palette

WIDTH = 7.16
"""Two columns of an IEEE page, inches."""

COLUMN = 3.5
"""One column of an IEEE page, inches."""

LEAST_TEXT = 7
"""Smallest text in figures for IEEE, points."""

CHARACTERS, HANDLE = 17, 8
"""Characters of the smallest text in an inch, and how many of them a legend's handle takes."""

LEGEND_LINE, LEGEND_PAD = 0.147, 0.11
"""Height of a line of a legend, and of the room around all lines, inches."""

MARKERS = "osD^v<>PX"
"""Markers of networks, for figures without colour."""

# From seaborn, as are the colours of `palette` and the dark grey of axes below: importing it takes
# as long as importing everything else.
_CREST = (
    "#a5cd90", "#94c591", "#84bd91", "#73b590", "#64ad90", "#57a490", "#4c9b90", "#42928f",
    "#388a8e", "#2f818d", "#25788c", "#1e6f8a", "#1c6589", "#1e5b86", "#225182", "#27477d",
    "#2a3c77", "#2c3172",
)  # fmt: skip
CREST = LinearSegmentedColormap.from_list("crest", _CREST)
"""Colour map from light green to dark blue."""

DARK_GREY = ".15"

DATES = {"png": "Software", "pdf": "CreationDate", "svg": "Date"}
"""Metadata that would change by day or version, by format."""

_RC: Any = {  # newer matplotlib types the keys, older ones do not
    "axes.axisbelow": True,
    "axes.edgecolor": DARK_GREY,
    "axes.labelcolor": DARK_GREY,
    "text.color": DARK_GREY,
    "xtick.color": DARK_GREY,
    "ytick.color": DARK_GREY,
    "grid.color": ".8",
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "font.size": 8,
    "font.family": "STIXGeneral",
    "axes.titlesize": 8,
    "axes.titley": 1.0,  # looking for ticks above each title takes a tenth of the time
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
    "svg.hashsalt": "imcmoo",  # else names in a file are random
}


def colours(n: int) -> list[tuple[float, float, float]]:
    """`n` colours of the palette."""
    return [mpl.colors.to_rgb(palette.COLOURS[i % len(palette.COLOURS)]) for i in range(n)]


def workload_styles(workloads: Sequence[str]) -> list[tuple[tuple[float, float, float], str]]:
    """Colour and marker of each network."""
    return list(zip(colours(len(workloads)), MARKERS, strict=False))


def is_narrow(figure: Figure) -> bool:
    """True for a figure of one column."""
    return bool(figure.get_figwidth() <= COLUMN)


def legend_below(figure: Figure, ax: Axes, *, title: str) -> float:
    """One legend for all panels, below them; returns its height in inches."""
    handles, labels = ax.get_legend_handles_labels()
    columns = _columns(labels, round(CHARACTERS * figure.get_figwidth()))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, title=title)
    return LEGEND_LINE * (-(-len(labels) // columns) + bool(title)) + LEGEND_PAD


def place_panels(
    figure: Figure,
    shape: tuple[int, int],
    *,
    sides: tuple[float, float, float, float],
    gaps: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Place a grid of panels without measuring texts, which takes as long as drawing them.

    Args:
        figure: the figure, without a layout engine.
        shape: rows and columns.
        sides: room on the left, at the bottom, on the right and at the top, inches.
        gaps: room between rows and between columns, inches.
    """
    left, bottom, right, top = sides
    width, height = figure.get_size_inches()
    (rows, columns), (down, across) = shape, gaps
    figure.subplots_adjust(
        left=left / width,
        bottom=bottom / height,
        right=1 - right / width,
        top=1 - top / height,
        hspace=rows * down / (height - bottom - top - (rows - 1) * down),
        wspace=columns * across / (width - left - right - (columns - 1) * across),
    )


def _columns(labels: Sequence[str], room: int) -> int:
    """Columns of a legend that fit a width in characters."""
    for columns in range(min(5, len(labels)), 1, -1):
        parts = np.array_split(labels, columns)  # as a legend fills its columns
        if sum(max(map(len, part)) + HANDLE for part in parts) <= room:
            return columns
    return 1


def round_ticks(axis: Axis, form: str) -> None:
    """Set a few round ticks on a logarithmic axis; call it after drawing."""
    axis.axes.autoscale_view()
    low, high = axis.get_view_interval()
    if high < 4 * low:
        subs: tuple[float, ...] = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 5.0)
    else:
        subs = (1.0, 2.0, 3.0, 5.0) if high < 10 * low else (1.0, 2.0, 5.0)
        subs = subs if high < 300 * low else (1.0,)
    # Labels of every decade would overlap in one column.
    n = 5 if high > 1e5 * low else None
    axis.set_major_locator(LogLocator(subs=subs, numticks=n))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(form)


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the style of the paper, whatever matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def open_sides(ax: Axes) -> None:
    """Hide the upper and right frame of an axes."""
    ax.spines[["top", "right"]].set_visible(False)


PAPER_DPI = 300
"""Resolution of figures of runs for papers, dots per inch."""


def save(
    figure: Figure,
    folder: Path,
    name: str,
    formats: Sequence[str] = ("png", "pdf"),
    dpi: float | None = None,
) -> None:
    """Write a figure in some formats; equal figures give equal bytes.

    Args:
        figure: the figure.
        folder, name: path without the ending.
        formats: endings.
        dpi: dots per inch. If None, those of the style.
    """
    with paper_style():
        mpl.rcParams["savefig.dpi"] = dpi or mpl.rcParams["savefig.dpi"]
        figure.set_dpi(mpl.rcParams["savefig.dpi"])
        layout = figure.get_layout_engine()
        if layout is not None:
            # Once, for both files: with an engine, each would be drawn twice.
            layout.execute(figure)
            figure.set_layout_engine(None)
        for ending in formats:
            _write(figure, folder / f"{name}.{ending}", {DATES[ending]: None})


def _write(figure: Figure, path: Path, metadata: dict[str, None]) -> None:
    """Write a figure drawn in memory, since Matplotlib's PDF writer hides disk errors."""
    drawn = BytesIO()
    # A third of the time of the default, for files a tenth larger.
    options: Any = {"pil_kwargs": {"compress_level": 1}} if path.suffix == ".png" else {}
    figure.savefig(drawn, format=path.suffix[1:], metadata=metadata, **options)
    path.write_bytes(drawn.getvalue())


MS, US, MJ = 1e3, 1e6, 1e3
"""Per second and per joule."""


DENSE: dict[str, Any] = {"rasterized": True, "linewidths": 0}
"""Thousands of points or lines become an image in a PDF; text and axes stay vectors."""
