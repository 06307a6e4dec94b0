"""Shipped exact answers, one compressed file per problem.

A file holds front, optima and their designs, and a digest of all numbers. `python -m
experiments.ship_truth NAME` writes it from an enumeration.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.exact.enumeration import ExactAnswer, Optimum
from imcmoo.io.errors import InputError
from imcmoo.io.files import writing
from imcmoo.io.reading import read_arrays

FOLDER = Path(__file__).parent / "answers"

LICENCE = (
    "Derived from component costs of the NeuroSim core (CC BY-NC 4.0): for non-commercial use; "
    "see docs/benchmark.md"
)
OPEN_LICENCE = "MIT"


def truth_path(name: str) -> Path:
    """Path of the file of a problem, which may not exist."""
    return FOLDER / f"{name.replace('/', '.')}.npz"


def load(name: str) -> ExactAnswer | None:
    """Load the shipped answer of a problem; None if there is none.

    Raises:
        InputError: the file is damaged, or holds the answer of another problem.
    """
    path = truth_path(name)
    return read(path, name) if path.is_file() else None


def digest(answer: ExactAnswer) -> str:
    """SHA-256 (hex) of all numbers of an answer."""
    state = hashlib.sha256(f"{answer.n_feasible} {answer.front.shape}".encode())
    for array, dtype in ((answer.front, "<f8"), (answer.ranks, "<i8"), (answer.designs, "<i8")):
        state.update(np.ascontiguousarray(array, dtype).tobytes())
    for name, optimum in sorted(answer.optima.items()):
        state.update(f"{name} {optimum.value!r}".encode())
        state.update(np.ascontiguousarray(optimum.ranks, "<i8").tobytes())
    return state.hexdigest()


def write(answer: ExactAnswer, path: Path, name: str, licence: str) -> None:
    """Write the answer of a problem, with the licence of its numbers as text."""
    optima = answer.optima
    about = {
        "problem": name,
        "licence": licence,
        "digest": digest(answer),
        "n_feasible": answer.n_feasible,
        "optima": list(optima),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            about=np.array(json.dumps(about)),
            front=np.ascontiguousarray(answer.front.T),  # columns compress better than rows
            ranks=answer.ranks,
            designs=answer.designs,
            values=np.array([optimum.value for optimum in optima.values()]),
            numbers=np.array([len(optimum.ranks) for optimum in optima.values()]),
            optimal_ranks=np.concatenate([optimum.ranks for optimum in optima.values()]),
        )


def read(path: Path, name: str) -> ExactAnswer:
    """Read the answer of a problem.

    Raises:
        InputError: the digest is wrong, or the file is of another problem.
        OSError: the file cannot be read.
    """
    try:
        stored = read_arrays(path, "an exact answer")
        about = json.loads(str(stored["about"]))
        answer = _answer(about, stored)
        if digest(answer) != about["digest"]:
            raise ValueError("digest")
        if about["problem"] != name:
            raise InputError(f"{path} is the answer of {about['problem']}: install imcmoo again")
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path} is damaged: install imcmoo again") from None
    return answer


def _answer(about: dict[str, Any], stored: dict[str, Any]) -> ExactAnswer:
    ends = np.cumsum(stored["numbers"])[:-1]
    ranks = np.split(stored["optimal_ranks"], ends)
    optima = zip(about["optima"], stored["values"].tolist(), ranks, strict=True)
    return ExactAnswer(
        n_feasible=int(about["n_feasible"]),
        optima={name: Optimum(value, of_name) for name, value, of_name in optima},
        front=np.ascontiguousarray(stored["front"].T),
        ranks=stored["ranks"],
        designs=stored["designs"],
    )
