"""Scores of the networks whose answer is no class: text, embeddings, speech and pitch.

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


def captcha(outputs: Outputs, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the characters of each captcha that are read.

    The first output has characters, shape (n, steps, 1, classes), the last class being blank;
    labels are the classes of each captcha, shape (n, length).
    """
    classes = np.roll(next(iter(outputs.values()))[:, :, 0], 1, axis=-1)
    return characters({"classes": classes}, labels + 1)


def tags(outputs: Outputs, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the letters of each word whose tag is right.

    The first output has probabilities of tags, shape (n, letters, tags); labels are the tags of
    each word, padded with 0, shape (n, letters).
    """
    right = next(iter(outputs.values())).argmax(axis=-1) == labels
    return (right & (labels > 0)).sum(axis=1) / (labels > 0).sum(axis=1)


def pitch(outputs: Outputs, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the frames of each sound whose pitch is within half a semitone.

    The first output and labels are frequencies in Hz, shape (n, frames).
    """
    semitones = 12 * np.abs(np.log2(next(iter(outputs.values())).reshape(labels.shape) / labels))
    return (semitones < 0.5).mean(axis=1)


def order(outputs: Outputs, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Order of pairs: 1 for each pair of recordings whose first one is rated better.

    The first output has ratings, the last of them of the whole, shape (n, ratings). A last
    recording without its pair is not scored.
    """
    ratings = next(iter(outputs.values())).reshape(len(labels), -1)[:, -1]
    first, second = ratings[: len(ratings) // 2 * 2].reshape(-1, 2).T
    return (first > second).astype(np.float64)
