"""The table of `Study.what_if` for a terminal, Markdown and LaTeX, one column per change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from imcmoo.ask.what_if import IMAGES
from imcmoo.display.columns import cell, headed
from imcmoo.display.labels import criterion_unit, distinct_labels, label
from imcmoo.display.table import Table
from imcmoo.display.units import SMALLEST_SHOWN, on_screen, plain
from imcmoo.problem.scale import RATIO
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

Row = Mapping[Any, Any]
"""Values of a row of the frame, by column."""

MARK = " *"
"""End of a value that differs from the answer without changes."""

CAPTION = "* differs from the answer without changes; shares are relative to it"

FIRST = ("change", "answer", "gap", "designs", "criterion", "score")
"""Columns before the costs."""

LARGEST_SHOWN = 9.0
"""Relative difference from which a factor is shown instead."""

WORSE = 0.01
"""Relative rise from which a cost is named as worse."""

PER_IMAGE = ("energy", "interval")
"""Costs that are compared per image, as EDAP takes them."""

MAX_WORSE = 4
"""Largest number of costs that are named as worse."""


def what_if_table(study: Study | StudyOfDevices, frame: pd.DataFrame) -> Table:
    """The table of the result of `Study.what_if`."""
    several = len(study.studies) > 1
    by_device = {str(one.device): one for one in study.studies}
    answers = frame.to_dict("records")
    studies = [by_device[r["device"]] if several else study.studies[0] for r in answers]
    # The first rows, one for each device, are of the study without changes.
    base = [studies.index(one) for one in studies]
    headings = [f"{r['change']} · {r['device']}" if several else r["change"] for r in answers]
    first = study.studies[0]
    rows = [["answer", *map(_answer, answers)]]
    rows += [["score", *(_score(r, one) for r, one in zip(answers, studies, strict=True))]]
    costs = [c for c in frame if c not in (*FIRST, "note") and _is_cost(str(c), first)]
    rows += [_cost_row(str(c), answers, base, first) for c in costs]
    images = [c for c in frame if str(c).startswith(IMAGES)]
    designs = [c for c in frame if c not in (*FIRST, "note", *costs, *images)]
    rows += [[str(c), *_marked(frame[c], base)] for c in designs if frame[c].dropna().nunique() > 1]
    notes = [f"{n}: {r['note']}" for n, r in zip(headings, answers, strict=True) if r["note"]]
    for at, (name, after) in enumerate(zip(headings, answers, strict=True)):
        text = worse(answers[base[at]], after, studies[at], after["criterion"])
        if text and at != base[at]:
            notes.append(f"{name}: worse besides the score: {text}")
    title = f"{study.name}: the answer under each change"
    return Table(["", *headings], rows, title, [CAPTION, *notes])


def worse(before: Row, after: Row, study: Study, criterion: str) -> str:
    """Costs other than the score that rise by more than `WORSE`, the most first, as text.

    Energies and intervals are compared per image.

    Args:
        before, after: values of two designs by column, as `Study.what_if` has them.
        study: the study.
        criterion: criterion of the score of the second design.
    """
    costs = [str(c) for c in before if _is_cost(str(c), study) and _unit(str(c)) != "dB"]
    rises = {
        c: RATIO.excess(_per_image(c, after), _per_image(c, before))
        for c in costs
        if before[c] > 0 and criterion not in (c, c.rpartition("_")[0])
    }
    most = sorted((c for c in rises if rises[c] > WORSE), key=lambda c: -rises[c])
    texts = [
        f"{_heading(c, study).partition(' (')[0]} {_relative(1 + rises[c])}"
        + (" per image" if _images(c, before) != _images(c, after) else "")
        for c in most
    ]
    more = [f"{len(most) - MAX_WORSE} more"] if len(most) > MAX_WORSE else []
    return ", ".join([*texts[:MAX_WORSE], *more])


def _images(column: str, row: Row) -> float:
    """Images that a cost is of, if it is one of `PER_IMAGE`; else 1."""
    kind, _, rest = column.partition("_")
    images = row.get(f"{IMAGES}{rest.rpartition('_')[0]}")
    return 1.0 if kind not in PER_IMAGE or images is None or pd.isna(images) else float(images)


def _per_image(column: str, row: Row) -> float:
    return float(row[column]) / _images(column, row)


def _relative(ratio: float) -> str:
    """A ratio as a signed percentage, or as a factor if it is large."""
    if ratio - 1 >= LARGEST_SHOWN:
        return f"× {ratio:.3g}"
    return f"{100 * (ratio - 1):+.3g} %".replace("-", "−")


def _answer(row: Row) -> str:
    """State how an answer was found, and its gap if it is not 0."""
    gap = row.get("gap")
    return str(row["answer"]) + (f", gap {gap:.2%}" if pd.notna(gap) and gap > 0 else "")


def _score(row: Row, study: Study) -> str:
    if pd.isna(row.get("score")):
        return "—"
    unit = criterion_unit(row["criterion"], study.score)
    return f"{label(row['criterion'])} {row['score']:.4g} {unit}".rstrip()


def _is_cost(column: str, study: Study) -> bool:
    parameters = (*study.space.names, *study.space.fixed)
    return column not in parameters and (column == "load" or _unit(column) in UNITS)


UNITS = ("J", "s", "mm2", "W", "dB")


def _unit(column: str) -> str:
    return column.rpartition("_")[2]


def _cost_row(column: str, rows: Sequence[Row], base: Sequence[int], study: Study) -> list[str]:
    """Values of a cost, with the relative difference from those in the rows `base`; both per image
    if needed."""
    cells = []
    for row, at in zip(rows, base, strict=True):
        first, text, images = rows[at], cell(column, float(row[column])), _images(column, row)
        if images > 1 and pd.notna(row[column]):
            text += f" of {images:.0f} images"
        known: bool = pd.notna(row[column]) and pd.notna(first[column]) and first[column]
        if known and _unit(column) != "dB":
            ratio = _per_image(column, row) / _per_image(column, first)
            per_image = " per image" if images != _images(column, first) else ""
            if abs(ratio - 1) >= SMALLEST_SHOWN:
                text += f" ({_relative(ratio)}{per_image})"
            elif per_image:
                text += f" (equal{per_image})"
        cells.append(text)
    return [_heading(column, study), *cells]


def _heading(column: str, study: Study) -> str:
    """Heading of a cost, with its network if it has one."""
    labels = dict(zip(study.names, distinct_labels(study.names), strict=True))
    # The longest first, since names may contain each other.
    for name in sorted(labels, key=len, reverse=True):
        if f"_{name}_" in column:
            kind, unit = column.split(f"_{name}_")
            return f"{labels[name]} {label(kind)} ({on_screen(unit)[1]})"
    return headed(column)


def _marked(values: pd.Series[Any], base: list[int]) -> Iterator[str]:
    """Values of a parameter; those that differ from the ones in the rows `base` are marked."""
    for value, first in zip(values, values.iloc[base], strict=True):
        if pd.isna(value):
            yield "—"
        else:
            yield plain(value) + (MARK if value != first else "")
