"""Designs from CSV files, checked line by line."""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imcmoo.io.errors import InputError
from imcmoo.io.reading import as_number, read_lines
from imcmoo.space.design_space import DesignSpace, Levels

Accepted = TypeVar("Accepted")


def read_designs(path: Path, space: DesignSpace) -> Levels:
    """Read the designs of a CSV with one column per parameter, in any order.

    Other columns are ignored, except those of fixed values (`technology_nm`), which must agree with
    the space.

    Args:
        path: UTF-8, comma-separated, with a header; blank lines are skipped.
        space: design space; values are in SI units.

    Returns:
        Value indices, shape (n_designs, n_parameters), in the order of the lines.

    Raises:
        InputError: the file is missing, empty or malformed, or a design is not in the space; names
            file, line and column.
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


def levels_of(table: DesignsTable, space: DesignSpace) -> Levels:
    """Value indices of the designs of a table."""
    table.require_columns(space.names)
    for name, value in space.fixed.items():
        if name in table.header:
            table.require(name, value, "this space is for")
    lines = np.array(table.lines)
    columns = {p.name: table.column(p.name, p.values) for p in space.parameters}

    def encode(rows: slice) -> Levels:
        return space.encode({n: v[rows] for n, v in {**columns, "line": lines}.items()})

    return table.accepted(encode)


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
        for row, line in zip(self.rows, self.lines, strict=True):
            if len(row) < len(self.header):
                name = self.header[len(row)]
                raise InputError(f"{self.path}, line {line}, column {name}: no value")
            if len(row) > len(self.header):
                raise InputError(
                    f"{self.path}, line {line}: {len(row)} values for {len(self.header)} columns, "
                    f"too many after column {self.header[-1]}"
                )

    def require_columns(self, names: Iterable[str]) -> None:
        """Check that the table has some columns.

        Raises:
            InputError: names the missing columns.
        """
        missing = [name for name in names if name not in self.header]
        if missing:
            raise InputError(f"{self.path}, line 1: no column {', '.join(missing)}")

    def columns(self, names: Iterable[str], texts: Collection[str]) -> dict[str, NDArray[Any]]:
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

    def column(self, name: str, like: Any) -> NDArray[Any]:
        """Values of a column: numbers if `like` is a number or several, else text.

        Raises:
            InputError: a cell is not a number; names line and column.
        """
        texts = [row[self.header.index(name)].strip() for row in self.rows]
        if np.asarray(like).dtype.kind not in "iuf":
            return np.array(texts)
        values = []
        for line, text in zip(self.lines, texts, strict=True):
            try:
                values.append(as_number(text))
            except ValueError:
                problem = f"'{text}' is not a number" if text else "no value"
                raise InputError(f"{self.path}, line {line}, column {name}: {problem}") from None
        return np.array(values)

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

    def require(self, name: str, value: Any, what: str) -> None:
        """Check that a column, if there is one, has one value; `what` describes the reader.

        Raises:
            InputError: another value; names line and column.
        """
        differs = self.column(name, value) != value
        if differs.any():
            bad = int(differs.argmax())
            wrong = self.rows[bad][self.header.index(name)]
            raise InputError(
                f"{self.path}, line {self.lines[bad]}, column {name}: {wrong}, "
                f"but {what} {value} only"
            )
