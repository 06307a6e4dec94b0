"""Tables of published macros, read as text; `coverage` interprets their cells."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from imcmoo.io.errors import InputError

NUMBERS = (
    *("rows", "cols", "input_bits", "weight_bits", "adc_bits"),
    *("dot_product_length", "n_adc"),
)
"""Columns of numbers without which a macro cannot be modelled."""

NEEDED = ("technology_nm", "architecture", "voltage_V", *NUMBERS)
"""Columns that a table must have."""

MEASURED = ("t_core_ns", "tops_per_W_1b", "tops_per_mm2_1b")
"""Compared quantities, as the chips' authors give them."""

OPTIONAL = ("year", "venue", "title", "cell", "compute_model", "tops_1b", *MEASURED)
"""Columns that a table may have."""

ADDED = ("covered", "reason", *(f"model_{name}" for name in MEASURED))
"""Columns that the comparison adds, in order."""

LARGEST_BYTES = 64 << 20


SHIPPED = Path(__file__).parent / "data" / "macros.csv"
"""Macros that ship with the package; `data/README.md` names their source."""


def read(path: Path) -> pd.DataFrame:
    """Read a table of macros as unchanged text.

    Args:
        path: a CSV file in UTF-8 with a header; columns besides the known ones are kept.

    Returns:
        Columns of text, those of the file in their order.

    Raises:
        InputError: the file is no table of macros; says what is wrong and where.
        OSError: it cannot be read.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError(f"{path}: larger than {LARGEST_BYTES >> 20} MiB")
    lines: list[list[str]] = []
    numbers: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for line in reader:
                if any(cell.strip() for cell in line):
                    lines.append(line)
                    numbers.append(reader.line_num)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text in UTF-8 (byte {error.start})") from None
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from None
    if not lines:
        raise InputError(f"{path}: empty; needed: a header with {', '.join(NEEDED)}")
    header = [name.strip() for name in lines[0]]
    _check_header(path, header)
    for number, line in zip(numbers[1:], lines[1:], strict=True):
        if len(line) != len(header):
            raise InputError(
                f"{path}, line {number}: {len(line)} cells, the header has {len(header)}"
            )
    return pd.DataFrame(lines[1:], columns=header, dtype=str)


def _check_header(path: Path, header: Sequence[str]) -> None:
    faults = [
        f"{what} {', '.join(names)}"
        for what, names in (
            ("lacks", [name for name in NEEDED if name not in header]),
            ("has twice", [name for name in (*NEEDED, *OPTIONAL) if header.count(name) > 1]),
            ("has already what the comparison adds,", [n for n in ADDED if n in header]),
        )
        if names
    ]
    if faults:
        raise InputError(f"{path}: the header {'; '.join(faults)}")
