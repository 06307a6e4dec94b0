"""Networks as CSV files: reading with every fault named, and writing.

Lines `#key=value` on top say where the network comes from; then a header and a line per layer.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from imcmoo.io.errors import did_you_mean_or_known
from imcmoo.io.reading import MOST_TEXT_BYTES, check_regular, lines_of
from imcmoo.networks.layers import (
    BITS,
    DEFAULT_DENSITIES,
    DENSITIES,
    DIMENSIONS,
    OPERANDS,
    layer_class,
)

MANDATORY = ("name", "C", "M", "P", "Q")
STEPS = ("stride_h", "stride_w", "dilation_h", "dilation_w")
SOURCES = tuple(f"{operand}_statistics" for operand in OPERANDS)
"""Columns that say where the densities come from."""

NUMBERS = (*DIMENSIONS, *STEPS)
COLUMNS = (
    *("name", "kind"),
    *NUMBERS,
    *("dynamic", "shared_with"),
    *SOURCES,
    *DENSITIES["input"],
    *DENSITIES["weight"],
)
"""All columns, in the order they are written in."""

MEASURED = ("signal_power", "input_peak", "input_signed", "gain_white", "gain_static")
"""Columns of `imcmoo import --data`: figures of each layer for people, empty where unknown."""

GIVEN, DEFAULT = "given", "default"
"""Where densities come from if the file does not say: from it, or from the layer's kind."""

LARGEST_LAYER = 1 << 62
"""Multiply-accumulates; beyond this, sums of layers overflow."""

MOST_COLUMNS = 200
"""Several times those there are, so that a misspelt one is still named."""

FAULTS_SHOWN = 10
TRUTHS = {"": False, "0": False, "false": False, "1": True, "true": True}


@dataclass(frozen=True)
class _Line:
    number: int
    cells: dict[str, str]


class _Faults:
    """Collects what is wrong with a file, to say it all at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[str] = []

    def add(self, line: int, message: str, column: str | None = None) -> None:
        """Note a fault at a line, and at a column if one is to blame."""
        where = f", column {column}" if column else ""
        self._found.append(f"{self._path}, line {line}{where}: {message}")

    def raise_any(self) -> None:
        """Raise ValueError if there is any."""
        if self._found:
            more = len(self._found) - FAULTS_SHOWN
            remainder = [f"and {more} more faults"] if more > 0 else []
            raise ValueError("; ".join([*self._found[:FAULTS_SHOWN], *remainder]))


def read_columns(path: Path) -> dict[str, Any]:
    """The fields of a `Workload` but its name, from a CSV as `Workload.read_csv` takes it.

    Sizes left out are 1, densities left out those of the layer's kind. A ValueError names all that
    is wrong, in one line, each with file, line and column.
    """
    faults = _Faults(path)
    provenance, lines = _open(path, faults)
    faults.raise_any()
    if not lines:
        raise ValueError(f"{path}: no layers")
    numbers = np.array([[_size(line, c, faults) for c in NUMBERS] for line in lines])
    dynamic = tuple(_truth(line, faults) for line in lines)
    for line, sizes in zip(lines, numbers.tolist(), strict=True):
        if prod(sizes[: len(DIMENSIONS)]) > LARGEST_LAYER:
            faults.add(line.number, "more than 2^62 multiply-accumulates")
    shared = _shared_with(lines, faults)
    faults.raise_any()
    kinds = tuple(line.cells.get("kind", "") for line in lines)
    classes = [
        layer_class(kind, sizes[: len(DIMENSIONS)], dynamic=d)
        for kind, sizes, d in zip(kinds, numbers, dynamic, strict=True)
    ]
    statistics = _statistics(lines, classes, faults)
    faults.raise_any()
    return {
        "layers": tuple(line.cells["name"] for line in lines),
        "kinds": kinds,
        "shapes": numbers[:, :8],
        "strides": numbers[:, 8:10],
        "dilations": numbers[:, 10:],
        "dynamic": dynamic,
        "shared_with": shared,
        "provenance": provenance,
        "measured": {
            c: tuple(line.cells[c] for line in lines) for c in MEASURED if c in lines[0].cells
        },
        **statistics,
    }


def write_columns(
    stream: TextIO, provenance: Mapping[str, str], columns: Mapping[str, Sequence[Any]]
) -> None:
    """Write a network's CSV to a stream opened with newline=''; `columns` are all `COLUMNS` and any
    of `MEASURED`, a cell per layer."""
    names = [*COLUMNS, *(c for c in MEASURED if c in columns)]
    for key, value in provenance.items():
        stream.write(f"#{key}={' '.join(value.split())}\n")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(columns[c] for c in names), strict=True))


def _open(path: Path, faults: _Faults) -> tuple[dict[str, str], list[_Line]]:
    """Provenance, and the lines below the column names."""
    try:
        check_regular(path, MOST_TEXT_BYTES)
        with path.open(newline="", encoding="utf-8-sig") as stream:
            all_lines = list(lines_of(stream, path))
        above = list(takewhile(lambda line: line.startswith("#"), all_lines))
        top = len(above)
        reader = csv.reader(all_lines[top:])
        header = [cell.strip() for cell in next(reader, [])]
        if len(header) > MOST_COLUMNS:
            raise ValueError(f"{path}: {len(header):,} columns; at most {MOST_COLUMNS} are read")
        rows = [(reader.line_num + top, row) for row in reader if row]
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8") from None
    except csv.Error as error:
        raise ValueError(f"{path}: {error}") from None
    provenance = dict(_key_value(row, i + 1, faults) for i, row in enumerate(above))
    _check_header(header, top + 1, faults)
    for number, row in rows:
        if len(row) != len(header):
            faults.add(number, f"{len(row)} cells for {len(header)} columns")
    return provenance, [
        _Line(number, {c: cell.strip() for c, cell in zip(header, row, strict=False)})
        for number, row in rows
    ]


def _key_value(row: str, number: int, faults: _Faults) -> tuple[str, str]:
    key, sign, value = row[1:].strip().partition("=")
    if not sign or not key.strip():
        faults.add(number, f"'{row.strip()}' is not #key=value")
    return key.strip(), value.strip()


def _check_header(header: Sequence[str], number: int, faults: _Faults) -> None:
    missing = [c for c in MANDATORY if c not in header]
    for operand in OPERANDS:
        there = [c in header for c in DENSITIES[operand]]
        if any(there):
            missing += [c for c, t in zip(DENSITIES[operand], there, strict=True) if not t]
    if missing:
        faults.add(number, f"no column {', '.join(missing)}")
    for column in header:
        if column not in (*COLUMNS, *MEASURED):
            hint = did_you_mean_or_known(column, COLUMNS)
            faults.add(number, f"unknown column '{column}'; {hint}")
    for column in sorted({c for c in header if header.count(c) > 1}):
        faults.add(number, "given twice", column)


def _size(line: _Line, column: str, faults: _Faults) -> int:
    """A positive integer; 1 where an optional one is left out."""
    text = line.cells.get(column, "")
    if not text and column not in MANDATORY:
        return 1
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= value <= LARGEST_LAYER:
        faults.add(line.number, f"'{text}' is not a whole number of at least 1", column)
        return 1
    return value


def _truth(line: _Line, faults: _Faults) -> bool:
    text = line.cells.get("dynamic", "")
    if text.lower() not in TRUTHS:
        faults.add(line.number, f"'{text}' is neither 0 nor 1", "dynamic")
    return TRUTHS.get(text.lower(), False)


def _shared_with(lines: Sequence[_Line], faults: _Faults) -> tuple[str, ...]:
    """For each layer the earlier one whose weights it uses, or nothing."""
    with_weights: set[str] = set()
    shared = []
    for line in lines:
        other = line.cells.get("shared_with", "")
        if other and other not in with_weights:
            message = f"'{other}' is not an earlier layer with weights of its own"
            faults.add(line.number, message, "shared_with")
        if not other:
            with_weights.add(line.cells["name"])
        shared.append(other)
    return tuple(shared)


def _statistics(lines: Sequence[_Line], classes: Sequence[str], faults: _Faults) -> dict[str, Any]:
    """Densities of both operands, and where they come from."""
    statistics: dict[str, Any] = {}
    for index, operand in enumerate(OPERANDS):
        columns = DENSITIES[operand]
        bits, sources = np.empty((len(lines), BITS)), []
        for i, (line, kind) in enumerate(zip(lines, classes, strict=True)):
            stated = any(line.cells.get(c) for c in columns)
            bits[i] = (
                [_share(line, c, faults) for c in columns]
                if stated
                else DEFAULT_DENSITIES[kind][index]
            )
            sources.append(line.cells.get(SOURCES[index]) or (GIVEN if stated else DEFAULT))
        statistics[f"{operand}_bits"] = bits
        statistics[f"{operand}_statistics"] = tuple(sources)
    return statistics


def _share(line: _Line, column: str, faults: _Faults) -> float:
    """A number between 0 and 1."""
    text = line.cells[column]
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        faults.add(line.number, f"'{text}' is not a number between 0 and 1", column)
        return 0.0
    return value
