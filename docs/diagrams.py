"""Draw the diagrams of the chip and of the flow of data: `python docs/diagrams.py`.

Each is as wide as one column of a paper, with text of 7 points.
"""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 3.5
POINTS = 7.0
LINE = 0.12
"""Height of a line of text in inches."""

PLAIN, PART, MEMORY, ANALOG = "white", "#dce9f5", "#e8e8e8", "#fbe5d0"
INK = "#333333"

LEVELS = {
    "Chip": (
        *("technology_nm", "voltage_V", "schedule"),
        *("router_groups", "mac_units", "dram"),
        *("glb_KiB", "glb_banks", "ping_pong"),
    ),
    "Router group": ("tiles_per_group", "link_bits"),
    "Tile": ("macros_per_tile", "buffer_words"),
    "Macro": (
        *("rows", "cols", "active_rows", "bits_per_cell"),
        *("weight_coding", "redundancy", "cell_errors", "input_coding"),
        *("input_slice_bits", "columns_per_adc", "adc_bits"),
        *("adc_window", "adc_model", "adc_noise", "sample_and_hold", "tree_stages"),
    ),
}
"""Parameters of the physical model by level of the chip."""


def canvas(height: float) -> tuple[Figure, Axes]:
    """Return a figure whose coordinates are inches."""
    figure = plt.figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def box(
    axes: Axes, x: float, y: float, w: float, h: float, text: str = "", colour: str = PLAIN
) -> None:
    """Draw a box with text in its middle."""
    axes.add_patch(plt.Rectangle((x, y), w, h, facecolor=colour, edgecolor=INK, linewidth=0.7))
    axes.text(x + w / 2, y + h / 2, text, ha="center", va="center", fontsize=POINTS, color="black")


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow."""
    style = {"arrowstyle": "-|>", "linewidth": 0.7, "color": INK, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style)


def parameters(axes: Axes, x: float, y: float, title: str) -> None:
    """Write the title of a level and below it the names of its parameters, in two columns."""
    axes.text(x, y, title, fontsize=POINTS + 1, weight="bold", va="top")
    names = LEVELS[title]
    half = (len(names) + 1) // 2 if len(names) > 3 else len(names)
    for number, name in enumerate(names):
        column, row = divmod(number, half)
        left, low = x + 0.85 * column, y - 0.16 - LINE * row
        axes.text(left, low, name, fontsize=POINTS, family="monospace", va="top")


def chip() -> Figure:
    """Draw a chip, one of its router groups, one tile of it, and one macro of it."""
    figure, axes = canvas(4.54)
    left, right, top, bottom = 0.08, 2.08, 3.28, 1.19
    chip_panel(axes, left, top)
    group_panel(axes, right, top)
    tile_panel(axes, right, bottom)
    macro_panel(axes, left, bottom)
    arrow(axes, (left + 1.37, top + 0.85), (right - 0.02, top + 0.85))
    arrow(axes, (right + 1.2, top - 0.02), (right + 1.2, bottom + 1.22))
    arrow(axes, (right - 0.02, bottom + 0.85), (left + 1.37, bottom + 0.85))
    for x, y, title in ((left, top, "Chip"), (right, top, "Router group")):
        parameters(axes, x, y - 0.05, title)
    for x, y, title in ((left, bottom, "Macro"), (right, bottom, "Tile")):
        parameters(axes, x, y - 0.05, title)
    return figure


def chip_panel(axes: Axes, x: float, y: float) -> None:
    """Draw router groups, global buffer and digital unit, and the main memory beside the chip."""
    box(axes, x, y + 0.25, 1.35, 0.95, "", "none")
    for column in range(3):
        for row in range(2):
            is_enlarged = (column, row) == (2, 0)
            colour = ANALOG if is_enlarged else PART
            box(axes, x + 0.06 + 0.43 * column, y + 0.86 - 0.3 * row, 0.37, 0.26, "", colour)
    box(axes, x + 0.06, y + 0.3, 0.66, 0.2, "global buffer", MEMORY)
    box(axes, x + 0.76, y + 0.3, 0.53, 0.2, "digital", PART)
    box(axes, x + 0.06, y, 0.66, 0.17, "DRAM", MEMORY)
    axes.plot((x + 0.39, x + 0.39), (y + 0.17, y + 0.3), linewidth=0.7, color=INK)


def group_panel(axes: Axes, x: float, y: float) -> None:
    """Draw the router of a group and its tiles."""
    box(axes, x, y, 1.35, 1.2, "", "none")
    for column, row in ((0, 0), (0, 1), (1, 1), (1, 0)):
        left, low = x + 0.08 + 0.81 * column, y + 0.05 + 0.75 * row
        colour = ANALOG if (column, row) == (1, 0) else PART
        ends = (x + 0.675, left + 0.19), (y + 0.6, low + 0.17)
        axes.plot(*ends, linewidth=0.7, color=INK, zorder=0.5)
        box(axes, left, low, 0.38, 0.35, "tile", colour)
    box(axes, x + 0.44, y + 0.5, 0.47, 0.2, "router")


def tile_panel(axes: Axes, x: float, y: float) -> None:
    """Draw the macros of a tile and its buffers."""
    box(axes, x, y, 1.35, 1.2, "", "none")
    box(axes, x + 0.05, y + 0.3, 0.35, 0.84, "input\nbuffer", MEMORY)
    for column in range(2):
        for row in range(2):
            colour = ANALOG if (column, row) == (0, 1) else PART
            box(axes, x + 0.45 + 0.45 * column, y + 0.3 + 0.44 * row, 0.4, 0.4, "macro", colour)
    box(axes, x + 0.45, y + 0.05, 0.85, 0.19, "output buffer", MEMORY)


def macro_panel(axes: Axes, x: float, y: float) -> None:
    """Draw an array with active rows, its drivers, and its shared ADCs."""
    box(axes, x, y, 1.35, 1.2, "", "none")
    for row in range(5):
        low = y + 1.0 - 0.13 * row
        box(axes, x + 0.06, low, 0.2, 0.1, "", ANALOG if row < 3 else PLAIN)
        for column in range(6):
            box(axes, x + 0.36 + 0.15 * column, low, 0.12, 0.1, "", ANALOG if row < 3 else PLAIN)
    for pair in range(3):
        box(axes, x + 0.36 + 0.3 * pair, y + 0.22, 0.27, 0.17, "ADC", PART)
    axes.text(x + 0.17, y + 0.32, "DACs", fontsize=POINTS, ha="center", va="center")
    box(axes, x + 0.36, y + 0.03, 0.87, 0.15, "shift and add", PART)


def flow() -> Figure:
    """Draw the flow from networks and a design space to a joint design and its optimality gap."""
    figure, axes = canvas(2.75)
    tops = (("networks\n(ONNX, CSV)", 0.05), ("design space,\nlimits", 1.25), ("components", 2.45))
    for text, x in tops:
        box(axes, x, 2.35, 1.0, 0.35, text, MEMORY)
        arrow(axes, (x + 0.5, 2.35), (x + 0.5, 2.15))
    box(axes, 0.05, 1.85, 3.4, 0.3, "cost model: energy, latency, area, constraints", PART)
    methods = (("search\n(NSGA-II)", 0.05), ("enumeration\n(10⁸ designs)", 1.25))
    for text, x in (*methods, ("branch and bound\n(10¹³ designs)", 2.35)):
        arrow(axes, (x + 0.5, 1.85), (x + 0.5, 1.6))
        box(axes, x, 1.25, 1.0 if x < 2 else 1.1, 0.35, text, ANALOG)
    arrow(axes, (0.55, 1.25), (0.55, 1.0))
    box(axes, 0.05, 0.7, 1.0, 0.3, "Pareto front")
    arrow(axes, (0.55, 0.7), (0.55, 0.45))
    axes.text(0.62, 0.57, "criterion", fontsize=POINTS, va="center")
    box(axes, 0.05, 0.1, 1.0, 0.35, "joint design", PART)
    for x in (1.75, 2.9):
        arrow(axes, (x, 1.25), (x, 1.0))
    box(axes, 1.25, 0.7, 2.2, 0.3, "exact optimum or proven bound")
    arrow(axes, (2.35, 0.7), (2.35, 0.45))
    arrow(axes, (1.05, 0.27), (1.25, 0.27))
    box(axes, 1.25, 0.1, 2.2, 0.35, "regret and optimality gap", PART)
    return figure


def main() -> None:
    """Write all diagrams as SVG and PDF."""
    folder = Path(__file__).parent / "figures"
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "imcmoo", "pdf.fonttype": 42}):
        for name, draw in (("chip", chip), ("flow", flow)):
            figure = draw()
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
            plt.close(figure)


if __name__ == "__main__":
    main()
