"""Files that are read whole: what the parsing libraries raise, said in one way.

All functions raise OSError where the file cannot be read, and ValueError, which names the file, for
all else: for what is no regular file, such as `/dev/zero` or a pipe nobody writes to, for what is
too large, and for whatever its content makes a library raise.
"""

from __future__ import annotations

import io
import json
import stat
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

MAX_TEXT_BYTES = 1 << 28
"""A thousand times what any table or JSON file here has."""

LONGEST_LINE = 1 << 20
"""Characters: a thousand times what a row of any table here has."""

MAX_TOML_BYTES = 1 << 23
"""A hundred thousand networks; parsing takes a second per 4 MB."""

MAX_ARRAY_BYTES = 1 << 31
"""Of an archive as stored, and of its arrays."""

HARMLESS_BYTES, MOST_EXPANSION = 1 << 28, 200
"""An archive may unpack to so many bytes, or to so many times its size: beyond that it holds hardly
anything but zeros."""

LARGEST_WHOLE = (1 << 63) - 1
"""What TOML promises to hold; beyond it, arithmetic overflows."""


def check_regular(path: Path, at_most: int) -> None:
    """Check, without opening it, that a file has an end, and not far away.

    Raises:
        ValueError: a device or pipe, or more than `at_most` bytes.
        OSError: there is no file, or it is a folder.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(21, "Is a directory", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is a device or pipe; a regular file is needed")
    if status.st_size > at_most:
        raise ValueError(f"{path} is larger than {at_most:,} bytes")


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises:
        ValueError: the file is not JSON, no regular file, or too large; names it.
        OSError: it cannot be read.
    """
    check_regular(path, MAX_TEXT_BYTES)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not JSON: not text in UTF-8") from None
    return of_json(text, str(path))


def of_json(text: str, where: str) -> Any:
    """Parse a JSON text; errors name where it is from.

    Raises:
        ValueError: the text is not JSON, or an object has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:  # digits without end are a plain ValueError
        raise ValueError(f"{where}: not JSON: {_said(error)}") from None


def as_number(text: str) -> float:
    """A number in digits from 0 to 9, of any size.

    Raises:
        ValueError: the text is no such number.
    """
    if not text.isascii():
        raise ValueError("digits of another script")
    return float(text)


def as_whole(text: str) -> int:
    """A whole number in digits from 0 to 9.

    Raises:
        ValueError: the text is no such number.
    """
    if not text.isascii():
        raise ValueError("digits of another script")
    return int(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some keys and values; a key that is there twice is an error."""
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        raise ValueError(f"the key {twice!a} is there twice")
    return content


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        ValueError: the file is not TOML, no regular file, or too large; names it.
        OSError: it cannot be read.
    """
    check_regular(path, MAX_TOML_BYTES)
    try:
        content = tomllib.loads(path.read_bytes().decode())
        _check_whole(content)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file, but TOML is needed") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not TOML: {_said(error)}") from None
    return content


def read_arrays(path: Path, what: str) -> dict[str, NDArray[Any]]:
    """All arrays of an `.npz` file, by name; errors say what it is to be.

    Raises:
        ValueError: the file is damaged, no `.npz` or regular file, or too large; names it.
        OSError: it cannot be read.
    """
    check_regular(path, MAX_ARRAY_BYTES)
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            size = sum(info.file_size for info in stored.zip.infolist())
            most = min(MAX_ARRAY_BYTES, max(HARMLESS_BYTES, MOST_EXPANSION * len(content)))
            if size <= most:
                arrays = {name: stored[name] for name in stored.files}
                if all(isinstance(array, np.ndarray) for array in arrays.values()):
                    return arrays
                raise TypeError("a file that is no array")
    except Exception:  # zipfile, zlib, struct, tokenize and NumPy, each in its own words
        raise ValueError(f"{path} is not {what}, or damaged") from None
    raise ValueError(
        f"{path} is not {what}: its {len(content):,} bytes unpack to {size:,}, more than {most:,}"
    )


def _check_whole(value: Any) -> None:
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ValueError("a whole number of more than 64 bits")
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(parts, Iterable) and not isinstance(parts, str) else ():
        _check_whole(part)


def _said(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def read_lines(stream: TextIO, path: Path) -> Iterator[str]:
    """The lines of an open text file, ends included, up to a length no honest file has.

    Raises:
        ValueError: a line, or the whole, is longer; names the file and the limit.
    """
    read = 0
    while line := stream.readline(LONGEST_LINE + 1):
        read += len(line)
        if len(line) > LONGEST_LINE:
            raise ValueError(f"{path}: a line of more than {LONGEST_LINE:,} characters")
        if read > MAX_TEXT_BYTES:
            raise ValueError(f"{path}: more than {MAX_TEXT_BYTES:,} characters")
        yield line
