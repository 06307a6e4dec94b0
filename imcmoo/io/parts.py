"""Parts of a long piece of work, kept until all are there, so that it can be interrupted."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.checksums import read_sealed, write_sealed
from imcmoo.io.files import check_own_folder

SUFFIX = ".part"


class TaskCheckpoints:
    """Numbered parts, each some named arrays, in a hidden folder beside the final result.

    A part's file begins with a SHA-256 over what the work depends on and over its content. A part
    of other work, cut short or with one bit changed does not fit its own, is no part, and is
    removed when the parts are looked for.

    Args:
        folder: where the result goes; locked by this process.
        digest: of everything the work depends on.

    Raises:
        InputError: `.parts` in the folder is a file or a link.
        OSError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._home = folder / ".parts"
        self._depends_on = digest
        check_own_folder(self._home)
        self._home.mkdir(parents=True, exist_ok=True)
        self._indices: set[int] = set()
        for path in [entry for entry in self._home.iterdir() if entry.is_file()]:
            index = int(path.stem) if path.stem.isdecimal() else None
            if index is not None and path == self._path(index) and self._content(index):
                self._indices.add(index)
            else:
                path.unlink()

    def __contains__(self, index: int) -> bool:
        return index in self._indices

    def __len__(self) -> int:
        return len(self._indices)

    def save(self, index: int, arrays: Mapping[str, Any]) -> None:
        """Keep a part.

        Raises:
            TypeError: an array holds Python objects, which could not be read back; names it.
        """
        for name, array in arrays.items():
            if np.asarray(array).dtype.hasobject:
                raise TypeError(f"array '{name}' of part {index} holds Python objects")
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        write_sealed(self._path(index), self._key(index), buffer.getvalue())
        self._indices.add(index)

    def load(self, index: int) -> dict[str, Any]:
        """A part that was kept.

        Raises:
            KeyError: there is no such part.
        """
        content = self._content(index) if index in self else None
        if content is None:
            raise KeyError(index)
        with np.load(io.BytesIO(content)) as stored:
            return dict(stored)

    def remove(self) -> None:
        """Throw all parts away, and the folder if it then is empty."""
        shutil.rmtree(self._home, ignore_errors=True)
        self._indices.clear()
        with suppress(OSError):
            self._home.parent.rmdir()

    def _path(self, index: int) -> Path:
        return self._home / f"{index}{SUFFIX}"

    def _content(self, index: int) -> bytes | None:
        """Content of the file of a part; None unless it is of this work and complete."""
        return read_sealed(self._path(index), self._key(index))

    def _key(self, index: int) -> str:
        return f"{index} {len(self._depends_on)} {self._depends_on}"
