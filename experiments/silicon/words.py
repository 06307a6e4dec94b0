"""Numbers and figures as Markdown, and what the page is made from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

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


def figure(inputs: Inputs, name: str, caption: str) -> str:
    """A figure with its caption and the files of it."""
    path = f"{inputs.folder}/figures/{name}"
    return (
        f"![{caption}]({path}.png)\n\n*{caption}* [PDF]({path}.pdf), [one column]"
        f"({path}_narrow.pdf), [what it shows]({path}.csv).\n"
    )


def plain(text: str) -> str:
    """Text of a user's table that cannot break ours."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
