"""Neural networks as arrays: layer shapes, operand statistics, and which layers are the same.

Source of the nine shipped networks: the CiMLoop workloads (github.com/mit-emze/cimloop), shapes as
they are, bit densities computed from their operand histograms.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = ("C", "M", "P", "Q", "R", "S", "G", "N")
"""Loop dimensions of a layer: input and output channels per group, output height and width, kernel
height and width, groups, batch."""

BITS = 8
"""Precision of inputs, weights and outputs."""

SHIPPED = (
    "resnet18",
    "vgg16",
    "alexnet",
    "mobilenet_v3",
    "gpt2_medium",
    "mobilebert",
    "densenet201",
    "resnet50",
    "vision_transformer",
)
"""The networks that come with the package, in the order of the nine-network set."""

_DENSITIES = [f"{operand}_bit{i}" for operand in ("input", "weight") for i in range(BITS)]


@dataclass(frozen=True)
class Workload:
    """One network, layer by layer.

    Args:
        name: as in tables and figures.
        layers: name of each layer.
        kinds: operator type of each layer, for people.
        shapes: loop sizes, shape (n_layers, 8), columns as `DIMENSIONS`.
        strides: stride in height and width, shape (n_layers, 2); the reference model ignores it.
        input_bits: P(bit is 1) of the inputs, most significant first, shape (n_layers, 8).
        weight_bits: the same of the weights.
    """

    name: str
    layers: tuple[str, ...]
    kinds: tuple[str, ...]
    shapes: NDArray[np.int64]
    strides: NDArray[np.int64]
    input_bits: NDArray[np.float64]
    weight_bits: NDArray[np.float64]

    @classmethod
    def read_csv(cls, path: Path, name: str | None = None) -> Workload:
        """Read a network from a CSV with one row per layer.

        Args:
            path: columns name, kind, C, M, P, Q, R, S, G, N, stride_h, stride_w, and
                input_bit0..7, weight_bit0..7 (most significant first).
            name: what to call the network; the file's stem by default.

        Raises:
            ValueError: a column is missing, a size below 1, a density outside 0..1, or no layer;
                names file, line and column.
        """
        with path.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        if not rows:
            raise ValueError(f"{path}: no layers")
        numbers = [*DIMENSIONS, "stride_h", "stride_w"]
        missing = [c for c in ["name", "kind", *numbers, *_DENSITIES] if c not in rows[0]]
        if missing:
            raise ValueError(f"{path}, line 1: no column {', '.join(missing)}")
        sizes = np.array([[_size(row, c, path, i) for c in numbers] for i, row in enumerate(rows)])
        bits = np.array(
            [[_share(row, c, path, i) for c in _DENSITIES] for i, row in enumerate(rows)]
        )
        return cls(
            name=name or path.stem,
            layers=tuple(row["name"] for row in rows),
            kinds=tuple(row["kind"] for row in rows),
            shapes=sizes[:, :8],
            strides=sizes[:, 8:],
            input_bits=bits[:, :BITS],
            weight_bits=bits[:, BITS:],
        )

    @classmethod
    def load(cls, name: str) -> Workload:
        """One of the shipped networks.

        Raises:
            ValueError: unknown name; lists the known ones.
        """
        if name not in SHIPPED:
            raise ValueError(f"unknown workload '{name}'; known: {', '.join(SHIPPED)}")
        with resources.as_file(
            resources.files("imcmoo.networks") / "tables" / f"{name}.csv"
        ) as path:
            return cls.read_csv(path, name)

    def __len__(self) -> int:
        return len(self.layers)


@dataclass(frozen=True)
class WorkloadSet:
    """An ordered list of networks, with the distinct layer shapes among them.

    Mapping and action counts depend on a layer's shape only, so they are computed once per
    distinct shape; operand statistics enter afterwards, layer by layer.
    """

    workloads: tuple[Workload, ...]

    @classmethod
    def load(cls, names: Sequence[str]) -> WorkloadSet:
        """Shipped networks by name, in the order given.

        Raises:
            ValueError: no name, an unknown one, or one given twice.
        """
        if not names:
            raise ValueError("a workload set needs at least one workload")
        if len(set(names)) != len(names):
            raise ValueError(f"a workload is listed twice in {', '.join(names)}")
        return cls(tuple(Workload.load(name) for name in names))

    def __len__(self) -> int:
        return len(self.workloads)

    @property
    def names(self) -> list[str]:
        """Names of the networks, in order."""
        return [w.name for w in self.workloads]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that costs depend on: names, layers and operand statistics."""
        digest = hashlib.sha256(repr(self.names).encode())
        shapes = self.shapes[self.shape_index]
        for array in (shapes, self.owner, self.input_bits, self.weight_bits):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """Which network each layer belongs to, shape (n_layers,), layers in order."""
        return np.repeat(np.arange(len(self)), [len(w) for w in self.workloads])

    @cached_property
    def input_bits(self) -> NDArray[np.float64]:
        """Input bit densities of all layers, shape (n_layers, 8)."""
        return np.concatenate([w.input_bits for w in self.workloads])

    @cached_property
    def weight_bits(self) -> NDArray[np.float64]:
        """Weight bit densities of all layers, shape (n_layers, 8)."""
        return np.concatenate([w.weight_bits for w in self.workloads])

    @property
    def weights(self) -> NDArray[np.int64]:
        """Number of weights of each workload, shape (n_workloads,)."""
        sizes = [DIMENSIONS.index(d) for d in "CMRSG"]
        of_layers = self.shapes[self.shape_index][:, sizes].prod(axis=1)
        return np.bincount(self.owner, of_layers).astype(np.int64)

    @property
    def macs(self) -> NDArray[np.int64]:
        """Multiply-accumulates of one inference of each workload, shape (n_workloads,)."""
        of_layers = self.shapes[self.shape_index].prod(axis=1)
        return np.bincount(self.owner, of_layers).astype(np.int64)

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        every = np.concatenate([w.shapes for w in self.workloads])
        shapes, index = np.unique(every, axis=0, return_inverse=True)
        return shapes, index.reshape(-1)

    @property
    def shapes(self) -> NDArray[np.int64]:
        """Distinct layer shapes, shape (n_shapes, 8), columns as `DIMENSIONS`."""
        return self._distinct[0]

    @property
    def shape_index(self) -> NDArray[np.int64]:
        """The distinct shape of each layer, shape (n_layers,)."""
        return self._distinct[1]


def slice_mean(bits: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Average value of operands cut into slices of `width` bits, as a share of full scale.

    Args:
        bits: P(bit is 1), most significant first, shape (n, 8).
        width: bits per slice; the last slice may be shorter.

    Returns:
        Mean over the slices of Σ_j p_j 2^(s-1-j) / (2^width - 1), shape (n,), between 0 and 1.

    Source: docs/model.md, section 2.
    """
    slices = [bits[:, i : i + width] for i in range(0, bits.shape[1], width)]
    values = [s @ (2.0 ** np.arange(s.shape[1] - 1, -1, -1)) for s in slices]
    return np.mean(values, axis=0) / (2.0**width - 1)


def _size(row: dict[str, str], column: str, path: Path, index: int) -> int:
    """A positive integer of a CSV row."""
    try:
        value = int(row[column])
    except (TypeError, ValueError):
        value = 0
    if value < 1:
        raise ValueError(
            f"{path}, line {index + 2}, column {column}: "
            f"'{row[column]}' is not a whole number of at least 1"
        )
    return value


def _share(row: dict[str, str], column: str, path: Path, index: int) -> float:
    """A number between 0 and 1 of a CSV row."""
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(
            f"{path}, line {index + 2}, column {column}: "
            f"'{row[column]}' is not a number between 0 and 1"
        )
    return value
