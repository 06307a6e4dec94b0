"""Pages as Markdown: templates, tables and the way numbers are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from imcmoo.display.labels import label
from imcmoo.report.page import environment

DOES_NOT_RUN = "does not run"


def render(template: str, **values: Any) -> str:
    """Fill a template of `experiments/templates`.

    Args:
        template: its file name.
        values: modules and values by the names the template uses, besides the functions of this
            module.
    """
    return _ENVIRONMENT.get_template(template).render(values)


def macros(template: str, **values: Any) -> Any:
    """Return the macros of a template as attributes; see `render`."""
    return _ENVIRONMENT.get_template(template).make_module(values)


def select(frame: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """Select the rows in which some columns have some values."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame


def rows(frame: pd.DataFrame, **where: Any) -> list[dict[str, Any]]:
    """Select rows as `select` does, each by column."""
    records = select(frame, **where).to_dict("records")
    return [{str(name): value for name, value in r.items()} for r in records]


def row(frame: pd.DataFrame, **where: Any) -> dict[str, Any]:
    """Select the only row in which some columns have some values."""
    (only,) = rows(frame, **where)
    return only


def percent(value: float) -> str:
    """Format a share in percent."""
    if pd.isna(value):
        return DOES_NOT_RUN
    return f"{100 * value + 0.0:.1f} %".replace("-0.0 %", "0.0 %")


def times(value: float) -> str:
    """Format a ratio."""
    return DOES_NOT_RUN if pd.isna(value) else f"{value:.2f} ×"


def number(value: float) -> str:
    """Format a number with four digits."""
    return DOES_NOT_RUN if pd.isna(value) else f"{value:.4g}"


def short(value: float, missing: str = "–") -> str:
    """Format a number with three digits, thousands in full."""
    if pd.isna(value):
        return missing
    if value == float("inf"):
        return "∞"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def two_digits(value: float) -> str:
    """Format a positive number with two digits, thousands in full."""
    rounded = float(f"{value:.1e}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:#.2g}"


def span(values: Iterable[float], digits: int | None = None) -> str:
    """Format the least and the largest of several values, one if they read alike, with some digits
    after the point or as `short` does."""
    values = list(values)
    ends = (short(v) if digits is None else f"{v:.{digits}f}" for v in (min(values), max(values)))
    return " to ".join(dict.fromkeys(ends))


def area(value: float) -> str:
    """Format an area in mm²."""
    return f"{value:.0f} mm²"


_ENVIRONMENT = environment("experiments", autoescape=False)
_ENVIRONMENT.globals |= {
    function.__name__: function
    for function in (label, rows, row, percent, times, number, short, two_digits, span, area)
}
_ENVIRONMENT.globals["is_missing"] = pd.isna
