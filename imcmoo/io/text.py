"""Text files of users, of which any may be endless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

LONGEST_LINE = 1 << 20
"""Characters: a thousand times what a row of any table here has."""

MOST_CHARACTERS = 1 << 28
"""Millions of designs; what is longer does not end, or does not fit into memory as a table."""


def lines_of(stream: TextIO, path: Path) -> Iterator[str]:
    """The lines of an open text file, ends included, up to a length no honest file has.

    Raises:
        ValueError: a line, or the whole, is longer; names the file and the limit.
    """
    read = 0
    while line := stream.readline(LONGEST_LINE + 1):
        read += len(line)
        if len(line) > LONGEST_LINE:
            raise ValueError(f"{path}: a line of more than {LONGEST_LINE:,} characters")
        if read > MOST_CHARACTERS:
            raise ValueError(f"{path}: more than {MOST_CHARACTERS:,} characters")
        yield line
