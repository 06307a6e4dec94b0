"""Scores of the networks whose answer is no class: text, embeddings and frames of speech.

Each takes outputs by name, samples on the first axis, and labels, and returns scores per sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Outputs = Mapping[str, NDArray[Any]]


def characters(outputs: Outputs, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the characters of each line that are read.

    Outputs are probabilities of characters, shape (n, steps, classes), class 0 being blank; labels
    are the classes of each line, padded with 0, shape (n, length).
    """
    best = next(iter(outputs.values())).argmax(axis=-1)
    scores = []
    for steps, label in zip(best, labels, strict=True):
        first = np.concatenate([[True], steps[1:] != steps[:-1]])
        read, true = steps[first & (steps > 0)], label[label > 0]
        scores.append(max(0.0, 1 - _edits(read.tolist(), true.tolist()) / len(true)))
    return np.array(scores)


def _edits(a: list[int], b: list[int]) -> int:
    """Insertions, deletions and replacements that turn one list into another."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def retrieval(outputs: Outputs, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Retrieval of originals: 1 for each changed sentence that is nearest to its original.

    The only output of two axes that is real has embeddings, shape (2 n, width): originals, each
    followed by its changed sentence, with one number as label.
    """
    real = (v for v in outputs.values() if v.ndim == 2 and v.dtype.kind == "f")
    embedded = next(real).astype(np.float64)
    embedded /= np.maximum(np.linalg.norm(embedded, axis=1, keepdims=True), 1e-12)
    nearest = (embedded[1::2] @ embedded[::2].T).argmax(axis=1)
    return (labels[::2][nearest] == labels[1::2]).astype(np.float64)


def frames(outputs: Outputs, labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the frames of each sequence whose speech, or lack of it, is recognised.

    The first output has probabilities of speech, as many as labels, shape (n, frames).
    """
    probable = next(iter(outputs.values())).reshape(labels.shape)
    return ((probable > 0.5) == labels).mean(axis=1)
