"""Parts of a long piece of work, kept until all are there, so that it can be interrupted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.files import replacing


class Parts:
    """Numbered parts, each some named arrays, in a hidden folder beside the final result.

    Args:
        folder: where the result goes.
        mark: what the work depends on; parts of other work are thrown away.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self._home = folder / ".parts"
        owner = self._home / "mark.json"
        try:
            same = json.loads(owner.read_text(encoding="utf-8")) == mark
        except (FileNotFoundError, ValueError):
            same = False
        if not same:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home.mkdir(parents=True)
            with replacing(owner) as temporary:
                temporary.write_text(json.dumps(mark), encoding="utf-8")

    def _path(self, index: int) -> Path:
        return self._home / f"{index}.npz"

    def __contains__(self, index: int) -> bool:
        return self._path(index).exists()

    def __len__(self) -> int:
        return len(list(self._home.glob("[0-9]*.npz")))

    def save(self, index: int, arrays: Mapping[str, Any]) -> None:
        """Keep a part."""
        with replacing(self._path(index)) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    def load(self, index: int) -> dict[str, Any]:
        """A part that was kept."""
        with np.load(self._path(index)) as stored:
            return dict(stored)

    def remove(self) -> None:
        """Throw all parts away, and the folder if it then is empty."""
        shutil.rmtree(self._home, ignore_errors=True)
        with suppress(OSError):
            self._home.parent.rmdir()
