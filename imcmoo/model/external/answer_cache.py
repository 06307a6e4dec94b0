"""Answers on disk, one file each, so that no design is ever evaluated twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imcmoo.io.files import replacing
from imcmoo.io.reading import of_json

FAILED = "failed"
"""Folder of what failed: what is removed from it is evaluated again."""


@dataclass(frozen=True)
class Kept:
    """An answer, or why there is none.

    Args:
        answer: by quantity, as `answers.checked` gives it; None if the evaluation failed.
        failure: why it failed, one line; empty if it did not.
    """

    answer: dict[str, list[float]] | None
    failure: str = ""


class AnswerCache:
    """A folder of answers that several processes may use at a time.

    An answer's file says what was asked, and is named by its hash. It appears whole or not at all,
    and one that does not say what it should is no answer. Two processes that ask the same at the
    same time may both evaluate it; either answer is good.

    Args:
        folder: made when there is something to keep.
        asked: what all answers here depend on, but for the design; JSON values.
    """

    def __init__(self, folder: Path, asked: dict[str, Any]) -> None:
        self._folder = folder
        self._asked = asked
        self._read: dict[str, Kept] = {}

    def key(self, design: dict[str, Any]) -> str:
        """Key of a design's answer."""
        text = json.dumps(self._question(design), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, design: dict[str, Any]) -> Kept | None:
        """Stored answer of a design, if there is one."""
        key = self.key(design)
        if key not in self._read:
            answer = self._load(key, design)
            if answer is None:
                return None
            self._read[key] = answer
        return self._read[key]

    def put(self, design: dict[str, Any], kept: Kept) -> None:
        """Keep what came of a design.

        Raises:
            OSError: the folder cannot be written to.
        """
        key = self.key(design)
        content = {**self._question(design), "answer": kept.answer, "failure": kept.failure}
        path = self._path(key, failed=kept.answer is None)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
        self._read[key] = kept

    def _question(self, design: dict[str, Any]) -> dict[str, Any]:
        return {**self._asked, "design": design}

    def _path(self, key: str, *, failed: bool) -> Path:
        return self._folder / (FAILED if failed else key[:2]) / f"{key}.json"

    def _load(self, key: str, design: dict[str, Any]) -> Kept | None:
        for failed in (False, True):
            try:
                text = self._path(key, failed=failed).read_text(encoding="utf-8")
                content = of_json(text, "answer")
                kept = Kept(content.pop("answer"), content.pop("failure"))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # not there, or not whole: evaluated again
            if content == self._question(design) and (kept.answer is None) == failed:
                return kept
        return None
