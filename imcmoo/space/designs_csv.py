"""Designs from CSV files, checked line by line."""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from imcmoo.arrays import Values
from imcmoo.io.errors import FAULTS_SHOWN, InputError
from imcmoo.io.reading import as_number, read_lines
from imcmoo.space.design_space import DesignSpace, Levels

Accepted = TypeVar("Accepted")

Faults = dict[tuple[int, str], str]
"""Message by row of `DesignsTable.rows` (−1 for the header) and column (empty for the row)."""


def read_designs(path: Path, space: DesignSpace) -> Levels:
    """Read the designs of a CSV with one column per parameter, in any order.

    Other columns are ignored, except those of fixed values (`technology_nm`), which must agree with
    the space.

    Args:
        path: UTF-8, comma-separated, with a header; blank lines are skipped.
        space: design space; values are in the unit that ends a name (`voltage_V`, `glb_KiB`).

    Returns:
        Value indices, shape (n_designs, n_parameters), in the order of the lines.

    Raises:
        InputError: the file is missing, empty or malformed, or designs are not in the space; a line
            for each fault names file, line and column.
    """
    return levels_of(DesignsTable.read(path), space)


def read_design(path: Path, space: DesignSpace, line: int) -> Levels:
    """Read the design on one line of a CSV; line 1 is the header.

    Returns:
        Value indices, shape (1, n_parameters).

    Raises:
        InputError: see `read_designs`, or there is no design on that line.
    """
    table = DesignsTable.read(path)
    if line not in table.lines:
        raise InputError(
            f"{path}: no design on line {line}; there are {len(table.rows)}, on lines "
            f"{table.lines[0]} to {table.lines[-1]}"
        )
    at = table.lines.index(line)
    return levels_of(replace(table, rows=[table.rows[at]], lines=[line]), space)


def named_designs(path: Path, space: DesignSpace) -> dict[str, Levels]:
    """Value indices of the designs of a CSV, shape (1, n_parameters) each, by FILE:LINE.

    Raises:
        InputError: see `read_designs`.
    """
    table = DesignsTable.read(path)
    levels = levels_of(table, space)
    return {f"{path.name}:{line}": levels[[at]] for at, line in enumerate(table.lines)}


def levels_of(table: DesignsTable, space: DesignSpace) -> Levels:
    """Value indices of the designs of a table.

    Raises:
        InputError: a column is missing, or values are not in the space; a line for each fault.
    """
    faults: Faults = {}
    if missing := [name for name in space.names if name not in table.header]:
        faults[-1, ""] = f": no column {', '.join(missing)}"
    for name, value in space.fixed.items():
        if name in table.header:
            table.compare(name, value, "this space is for", faults)
    columns = {
        p.name: table.read_column(p.name, p.values, faults)
        for p in space.parameters
        if p.name in table.header
    }
    for row, name, error in space.faults(columns):
        faults.setdefault((row, name), f", column {error}")
    table.refuse(faults)
    return space.encode({**columns, "line": np.array(table.lines)})


@dataclass(frozen=True)
class DesignsTable:
    """Text of a CSV; create it with `read`."""

    path: Path  # of the file, for errors
    header: list[str]  # names of the columns
    rows: list[list[str]]  # their texts, line by line
    lines: list[int]  # the line of the file each row ends on

    @classmethod
    def read(cls, path: Path) -> DesignsTable:
        """Read a file: UTF-8, comma-separated, with a header; blank lines are skipped.

        Raises:
            InputError: it is missing, empty or malformed; names the line.
        """
        rows: list[list[str]] = []
        lines: list[int] = []
        try:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                reader = csv.reader(read_lines(stream, path), strict=True)
                for row in reader:
                    if row:
                        rows.append(row)
                        lines.append(reader.line_num)
        except UnicodeDecodeError:
            raise InputError(f"{path}: not a UTF-8 text file") from None
        except csv.Error as error:
            raise InputError(f"{path}, line {reader.line_num}: malformed ({error})") from None
        except ValueError as error:
            raise InputError(str(error)) from None
        if not rows:
            raise InputError(f"{path}: empty; a header and at least one design are needed")
        header = [name.strip() for name in rows[0]]
        twice = [name for name, n in Counter(header).items() if n > 1]
        if twice:
            raise InputError(f"{path}, line 1: column {twice[0]} is there twice")
        if len(rows) == 1:
            raise InputError(f"{path}: a header but no designs")
        table = cls(path, header, rows[1:], lines[1:])
        table._check_lengths()
        return table

    def _check_lengths(self) -> None:
        faults: Faults = {}
        for at, row in enumerate(self.rows):
            if len(row) < len(self.header):
                faults[at, ""] = f", column {self.header[len(row)]}: no value"
            if len(row) > len(self.header):
                faults[at, ""] = (
                    f": {len(row)} values for {len(self.header)} columns, "
                    f"too many after column {self.header[-1]}"
                )
        self.refuse(faults)

    def refuse(self, faults: Faults) -> None:
        """Raise an `InputError` if there are faults, with a line for each of the first ones."""
        if faults:
            shown = sorted(faults, key=lambda place: place[0])[:FAULTS_SHOWN]
            numbers = [1 if row < 0 else self.lines[row] for row, _ in shown]
            texts = [
                f"{self.path}, line {number}{faults[place]}"
                for number, place in zip(numbers, shown, strict=True)
            ]
            if more := len(faults) - len(shown):
                texts.append(f"and {more:,} more faults")
            raise InputError("\n".join(texts))

    def require_columns(self, names: Iterable[str]) -> None:
        """Check that the table has some columns.

        Raises:
            InputError: names the missing columns.
        """
        missing = [name for name in names if name not in self.header]
        if missing:
            raise InputError(f"{self.path}, line 1: no column {', '.join(missing)}")

    def columns(self, names: Iterable[str], texts: Collection[str]) -> dict[str, Values]:
        """Values of those of the columns that the table has; names in `texts` are text. See
        `column`."""
        there = [name for name in names if name in self.header]
        return {name: self.column(name, "" if name in texts else 0) for name in there}

    def where(self, name: str, value: str) -> tuple[DesignsTable, list[int]]:
        """The rows with a value in a column, and their indices from 0.

        Raises:
            InputError: there is none.
        """
        texts = self.column(name, "")
        chosen = np.flatnonzero(texts == value).tolist()
        if not chosen:
            there = ", ".join(sorted(set(texts.tolist())))
            raise InputError(f"{self.path}: no line has {name} {value}, only {there}")
        rows, lines = [self.rows[at] for at in chosen], [self.lines[at] for at in chosen]
        return replace(self, rows=rows, lines=lines), chosen

    def column(self, name: str, like: object) -> Values:
        """Values of a column: numbers if `like` is a number or several, else text.

        Raises:
            InputError: cells are not numbers; names lines and column.
        """
        faults: Faults = {}
        values = self.read_column(name, like, faults)
        self.refuse(faults)
        return values

    def read_column(self, name: str, like: object, faults: Faults) -> Values:
        """Values of a column, see `column`; cells that are no numbers are NaN, and a fault each."""
        texts = [row[self.header.index(name)].strip() for row in self.rows]
        if np.asarray(like).dtype.kind not in "iuf":
            return np.array(texts)
        values = np.full(len(texts), np.nan)
        for at, text in enumerate(texts):
            try:
                values[at] = as_number(text)
            except ValueError:
                problem = f"'{text}' is not a number" if text else "no value"
                faults[at, name] = f", column {name}: {problem}"
        return values

    def accepted(self, accept: Callable[[slice], Accepted]) -> Accepted:
        """Return `accept` of all rows; it may raise a `ValueError` that names a column.

        Raises:
            InputError: a row is refused; names the first such line.
        """

        def fails(n_rows: int) -> bool:
            try:
                accept(slice(n_rows))
            except ValueError:
                return True
            return False

        if not fails(len(self.rows)):
            return accept(slice(None))
        # A prefix with a wrong design fails, so bisection finds the first one.
        first = bisect_left(range(1, len(self.rows) + 1), True, key=fails)
        try:
            accept(slice(first, first + 1))
        except ValueError as error:
            raise InputError(f"{self.path}, line {self.lines[first]}, column {error}") from None
        raise AssertionError("a design fails among others but not by itself")

    def require(self, name: str, value: object, what: str) -> None:
        """Check that a column has one value; `what` describes the reader.

        Raises:
            InputError: other values; names lines and column.
        """
        faults: Faults = {}
        self.compare(name, value, what, faults)
        self.refuse(faults)

    def compare(self, name: str, value: object, what: str, faults: Faults) -> None:
        """Add the cells of a column that differ from a value to `faults`; see `require`."""
        differs = self.read_column(name, value, faults) != value
        for at in np.flatnonzero(differs).tolist():
            wrong = self.rows[at][self.header.index(name)]
            problem = f", column {name}: {wrong}, but {what} {value} only"
            faults.setdefault((at, name), problem)
