"""Networks as CSV files: read with all faults named, and write.

Lines `#key=value` on top state the provenance; then follow a header and a line per layer.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from math import prod
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.io.errors import FAULTS_SHOWN, did_you_mean_or_known
from imcmoo.io.printable import is_printable, printable_line
from imcmoo.io.reading import MAX_TEXT_BYTES, as_number, check_regular, read_lines
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
"""Columns that state the source of the densities."""

NUMBERS = (*DIMENSIONS, *STEPS)
COLUMNS = (
    *("name", "kind"),
    *NUMBERS,
    *("dynamic", "shared_with"),
    *SOURCES,
    *DENSITIES["input"],
    *DENSITIES["weight"],
)
"""All columns, in the order of writing."""

CACHE = ("cache", "appended", "reserved")
"""Columns of tables with a cache, after `shared_with`: `keys` or `values` if the second operand of
a layer is a cache of earlier positions, else empty; the positions that an inference adds to it; and
those that it has room for.
"""

MEASURED = ("signal_power", "input_peak", "input_signed", "gain_white", "gain_static")
"""Columns of `imcmoo import --data`: figures of each layer, empty if unknown."""

GIVEN, DEFAULT = "given", "default"
"""Where densities come from if the file does not say: from it, or from the layer's kind."""

LARGEST_LAYER = 1 << 62
"""Largest number of multiply-accumulates of a layer; sums over layers must not overflow."""

MAX_COLUMNS = 200
"""Largest number of columns of a file; a misspelt column is still named."""

KEYS, VALUES = "keys", "values"

TRUTHS = {"": False, "0": False, "false": False, "1": True, "true": True}


FORMULA = ("=", "+", "-", "@", "\t")
"""First characters of texts that spreadsheets take for formulas, which may run commands."""


def unseen_fault(text: str) -> str:
    """Why a cell must not hold this text; empty if it may."""
    return "" if is_printable(text) else f"{text!a} has a character that no terminal shows"


def name_fault(name: str) -> str:
    """Why a layer must not have this name in tables of results; empty if it may."""
    if (fault := unseen_fault(name)) or not name.startswith(FORMULA):
        return fault
    return f"{name!r} begins with {name[0]!r}: spreadsheets take it for a formula; rename it"


def allowed_name(name: str) -> str:
    """The name of a layer or network as tables of results may have it: in one line of characters
    that are shown, and after "_" if spreadsheets take it for a formula."""
    line = " ".join("".join(c if is_printable(c) else " " for c in name).split())
    return f"_{line}" if name_fault(line) else line


def size_fault(sizes: Iterable[int]) -> str:
    """Why a layer must not have these loop sizes; empty if it may."""
    return "more than 2^62 multiply-accumulates" if prod(sizes) > LARGEST_LAYER else ""


class _Faults(list[str]):
    """Faults of a file, reported together."""

    def raise_any(self) -> None:
        """Raise ValueError if there are faults."""
        if self:
            more = len(self) - FAULTS_SHOWN
            remainder = [f"and {more} more faults"] if more > 0 else []
            raise ValueError("; ".join([*self[:FAULTS_SHOWN], *remainder]))


@dataclass(frozen=True)
class _Line:
    where: str  # file and number of the line
    faults: _Faults
    cells: dict[str, str] = field(default_factory=dict)

    def fault(self, message: str, column: str | None = None) -> None:
        """Add a fault of the line, and of a column if one is at fault."""
        column = f", column {column}" if column else ""
        self.faults.append(printable_line(f"{self.where}{column}: {message}"))


def read_columns(path: Path) -> dict[str, Any]:
    """Read the fields of a `Workload`, except the name, from a CSV; see `Workload.read_csv`.

    Missing sizes are 1, missing densities those of the kind of layer.

    Raises:
        ValueError: names file, line and column of each fault, in one line.
    """
    faults = _Faults()
    provenance, lines = _open(path, faults)
    faults.raise_any()
    if not lines:
        raise ValueError(f"{path}: no layers")
    numbers = np.array([[_size(line, c) for c in NUMBERS] for line in lines])
    dynamic = tuple(map(_truth, lines))
    for line, sizes in zip(lines, numbers.tolist(), strict=True):
        if fault := size_fault(sizes[: len(DIMENSIONS)]):
            line.fault(fault)
        for column, cell in line.cells.items():
            if fault := name_fault(cell) if column == "name" else unseen_fault(cell):
                line.fault(fault, column)
    shared, caches = _shared_with(lines), _caches(lines, numbers, dynamic)
    faults.raise_any()
    kinds = tuple(line.cells.get("kind", "") for line in lines)
    classes = [
        layer_class(kind, sizes[: len(DIMENSIONS)], dynamic=d)
        for kind, sizes, d in zip(kinds, numbers, dynamic, strict=True)
    ]
    statistics = _statistics(lines, classes)
    faults.raise_any()
    return {
        "layers": tuple(line.cells["name"] for line in lines),
        "kinds": kinds,
        "shapes": numbers[:, :8],
        "strides": numbers[:, 8:10],
        "dilations": numbers[:, 10:],
        "dynamic": dynamic,
        "shared_with": shared,
        **caches,
        "provenance": provenance,
        "measured": {
            c: tuple(line.cells[c] for line in lines) for c in MEASURED if c in lines[0].cells
        },
        **statistics,
    }


def write_columns(
    stream: TextIO, provenance: Mapping[str, str], columns: Mapping[str, Sequence[Any]]
) -> None:
    """Write the CSV of a network.

    Args:
        stream: opened with newline=''.
        provenance: lines `#key=value`.
        columns: all `COLUMNS` and optionally those of `CACHE` and some of `MEASURED`, one cell per
            layer.
    """
    names = [*COLUMNS, *(c for c in MEASURED if c in columns)]
    after = names.index("shared_with") + 1
    names[after:after] = [c for c in CACHE if c in columns]
    for key, value in provenance.items():
        stream.write(f"#{key}={' '.join(value.split())}\n")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(columns[c] for c in names), strict=True))


def _open(path: Path, faults: _Faults) -> tuple[dict[str, str], list[_Line]]:
    """Provenance, and the lines below the header."""

    def at(number: int, cells: Iterable[tuple[str, str]] = ()) -> _Line:
        return _Line(f"{path}, line {number}", faults, dict(cells))

    try:
        check_regular(path, MAX_TEXT_BYTES)
        with path.open(newline="", encoding="utf-8-sig") as stream:
            all_lines = list(read_lines(stream, path))
        above = list(takewhile(lambda line: line.startswith("#"), all_lines))
        top = len(above)
        reader = csv.reader(all_lines[top:])
        header = [cell.strip() for cell in next(reader, [])]
        if len(header) > MAX_COLUMNS:
            raise ValueError(f"{path}: {len(header):,} columns; at most {MAX_COLUMNS} are read")
        rows = [(reader.line_num + top, row) for row in reader if row]
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8") from None
    except csv.Error as error:
        raise ValueError(f"{path}: {error}") from None
    provenance = dict(_key_value(row, at(i + 1)) for i, row in enumerate(above))
    _check_header(header, at(top + 1))
    for number, row in rows:
        if len(row) != len(header):
            at(number).fault(f"{len(row)} cells for {len(header)} columns")
    stripped = ((number, map(str.strip, row)) for number, row in rows)
    return provenance, [at(number, zip(header, row, strict=False)) for number, row in stripped]


def _key_value(row: str, line: _Line) -> tuple[str, str]:
    key, sign, value = row[1:].strip().partition("=")
    if not sign or not key.strip():
        line.fault(f"'{row.strip()}' is not #key=value")
    return key.strip(), value.strip()


def _check_header(header: Sequence[str], line: _Line) -> None:
    missing = [c for c in MANDATORY if c not in header]
    if any(c in header for c in CACHE):
        missing += [c for c in CACHE if c not in header]
    for operand in OPERANDS:
        there = [c in header for c in DENSITIES[operand]]
        if any(there):
            missing += [c for c, t in zip(DENSITIES[operand], there, strict=True) if not t]
    if missing:
        line.fault(f"no column {', '.join(missing)}")
    for column in header:
        if column not in (*COLUMNS, *CACHE, *MEASURED):
            hint = did_you_mean_or_known(column, COLUMNS)
            line.fault(f"unknown column '{column}'; {hint}")
    for column in sorted({c for c in header if header.count(c) > 1}):
        line.fault("given twice", column)


def _size(line: _Line, column: str) -> int:
    """A positive integer; 1 if an optional size is missing."""
    text = line.cells.get(column, "")
    if not text and column not in (*MANDATORY, *CACHE):
        return 1
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= value <= LARGEST_LAYER:
        line.fault(f"'{text}' is not a whole number of at least 1", column)
        return 1
    return value


def _truth(line: _Line) -> bool:
    text = line.cells.get("dynamic", "")
    if text.lower() not in TRUTHS:
        line.fault(f"'{text}' is neither 0 nor 1", "dynamic")
    return TRUTHS.get(text.lower(), False)


def _shared_with(lines: Sequence[_Line]) -> tuple[str, ...]:
    """The earlier layer whose weights each layer uses, or an empty text."""
    with_weights: set[str] = set()
    shared = []
    for line in lines:
        other = line.cells.get("shared_with", "")
        if other and other not in with_weights:
            line.fault(f"'{other}' is not an earlier layer with weights of its own", "shared_with")
        if not other:
            with_weights.add(line.cells["name"])
        shared.append(other)
    return tuple(shared)


def _caches(lines: Sequence[_Line], numbers: Ints, dynamic: Sequence[bool]) -> dict[str, Any]:
    """Fields of a `Workload` by `CACHE`."""
    kinds = tuple(line.cells.get("cache", "") for line in lines)
    positions = np.zeros((len(lines), 2), np.int64)
    for i, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if kind not in ("", KEYS, VALUES):
            line.fault(f"'{kind}' is neither {KEYS} nor {VALUES}, nor empty", "cache")
        elif kind:
            if not dynamic[i]:
                line.fault("a layer with a cache must have dynamic 1", "cache")
            positions[i] = [_size(line, column) for column in CACHE[1:]]
            seen = numbers[i, DIMENSIONS.index("M" if kind == KEYS else "C")]
            if not 1 <= positions[i, 0] <= seen <= positions[i, 1]:
                line.fault(
                    f"appended {positions[i, 0]}, positions seen {seen} and reserved "
                    f"{positions[i, 1]}: each must be at most the next"
                )
        elif any(line.cells.get(column) for column in CACHE[1:]):
            line.fault("positions, but no cache: state keys or values", "cache")
    return {"cache": kinds, "appended": positions[:, 0], "reserved": positions[:, 1]}


def _statistics(lines: Sequence[_Line], classes: Sequence[str]) -> dict[str, Any]:
    """Densities of both operands, and their sources."""
    statistics: dict[str, Any] = {}
    for index, operand in enumerate(OPERANDS):
        columns = DENSITIES[operand]
        bits, sources = np.empty((len(lines), BITS)), []
        for i, (line, kind) in enumerate(zip(lines, classes, strict=True)):
            stated = any(line.cells.get(c) for c in columns)
            default = DEFAULT_DENSITIES[kind][index]
            bits[i] = [_share(line, c) for c in columns] if stated else default
            sources.append(line.cells.get(SOURCES[index]) or (GIVEN if stated else DEFAULT))
        statistics[f"{operand}_bits"] = bits
        statistics[f"{operand}_statistics"] = tuple(sources)
    return statistics


def _share(line: _Line, column: str) -> float:
    text = line.cells[column]
    try:
        value = as_number(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        line.fault(f"'{text}' is not a number between 0 and 1", column)
        return 0.0
    return value
