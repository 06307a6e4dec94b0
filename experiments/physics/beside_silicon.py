"""The section that sets optima beside published chips, on the page of the physical studies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.paper.markdown import number, percent, table
from experiments.physics.answers import Frames, study_label
from experiments.physics.in_short import chip_of, main_studies
from imcmoo.problem.criteria import MINIMAX

PUBLISHED = "random_designs.csv"
"""Has percentiles of what macros were published with, in operations of 8 bits."""

QUANTITIES = {
    "power_W_per_mm2": ("W/mm²", "W_per_mm2"),
    "tops_per_W": ("TOPS/W", "tops_per_W"),
    "tops_per_mm2": ("TOPS/mm²", "tops_per_mm2"),
}
"""Of published macros: what they are called, and the optima's column."""

ADC_OF_COLUMN = {"0.85 V": (1.79, 9.7), "1.2 V": (3.56, 20.4)}
"""Energy of a converter and of a column with it, in pJ, by supply.

Source: Jia et al., JSSC 2020, as in CiMLoop's arch/1_macro/jia_jssc_2020.
"""


def beside_silicon(frames: Frames, published: Path) -> str:
    """The recommended chips beside published macros; nothing where these are not there.

    Args:
        frames: tables by name.
        published: has the folder `silicon`.
    """
    file = published / "silicon" / PUBLISHED
    if not file.is_file():
        return ""
    macros = pd.read_csv(file)
    macros = macros[macros["device"] == "published"].set_index("quantity")
    optima = frames["optima"]
    chips = [(study_label(s), chip_of(optima, s, MINIMAX)) for s in main_studies(optima)]
    lines = []
    for quantity, (told, column) in QUANTITIES.items():
        low, middle, high = (float(macros[p].loc[quantity]) for p in ("p5", "p50", "p95"))
        cells = [f"{number(low)} to {number(high)}", number(middle)]
        for _, chip in chips:
            least, most = chip[column].min(), chip[column].max()
            cells.append(f"{number(least)} to {number(most)}")
            cells.append(f"{number(least / middle)} to {number(most / middle)}")
        lines.append([told, *cells])
    head = ["", "published macros, 5 to 95 %", "median"]
    for name, _ in chips:
        head += [name, "over the median"]
    return (
        "## Beside published chips\n\nThe chips by minimax regret, least to most of the networks, "
        f"beside the {macros['n'].max():.0f} macros of [silicon.md](silicon.md), whose figures in "
        "operations of 1 bit are divided by 64. Theirs are of macros, at their best; ours of whole "
        "chips that run a network, DRAM included in TOPS/W "
        f"(`silicon/{PUBLISHED}`, `optima.csv`).\n\n"
        + table(head, lines)
        + "\n"
        + _converters(chips)
    )


def _converters(chips: list[tuple[str, pd.DataFrame]]) -> str:
    """Converters' share of the energy, beside the one chip of which both are published."""
    ours = ", ".join(
        f"{percent(c['adc_share'].min())} to {percent(c['adc_share'].max())} ({name})"
        for name, c in chips
    )
    shares = [adc / column for adc, column in ADC_OF_COLUMN.values()]
    told = ", ".join(
        f"{adc:g} of {column:g} pJ at {supply}" for supply, (adc, column) in ADC_OF_COLUMN.items()
    )
    return (
        f"Converters take {ours} of the macros' energy. Of a published chip (Jia et al., JSSC "
        f"2020, in CiMLoop's `arch/1_macro/jia_jssc_2020`) they take {percent(min(shares))} to "
        f"{percent(max(shares))} of a column's: {told}. The shipped tables have no other chip's, "
        "so no range is given.\n"
    )
