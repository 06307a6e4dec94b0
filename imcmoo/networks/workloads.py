"""Neural networks as arrays: layer shapes, operand statistics, and which layers are the same.

Source of the nine shipped networks: the CiMLoop workloads (github.com/mit-emze/cimloop), shapes as
they are, bit densities computed from their operand histograms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TextIO

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.io.errors import check_choice, check_name, did_you_mean
from imcmoo.networks.layers import BITS as BITS
from imcmoo.networks.layers import DENSITIES, OPERANDS
from imcmoo.networks.layers import DIMENSIONS as DIMENSIONS
from imcmoo.networks.workload_csv import GIVEN, STEPS, formula_fault, read_columns, write_columns

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
"""The paper's nine networks, in the order of its nine-network set.

As it used them: its resnet50 is another network, and attention's products lack one dimension. What
these networks are in truth is `TRUE_NETWORKS`.
"""

IN_TRUTH = "_onnx"
"""What the name of a network ends in where it is as it is in truth."""

TRUE_NETWORKS = tuple(f"{name}{IN_TRUTH}" for name in SHIPPED)
"""The same nine as torchvision and transformers define them, imported from ONNX, batch 1."""


def is_path(source: str) -> bool:
    """Tell whether a network is named by the path of its CSV."""
    return Path(source).name != source or source.lower().endswith(".csv")


def network_name(source: str) -> str:
    """Name of a network: the name itself, or the stem of its CSV.

    Raises:
        ValueError: a CSV whose stem cannot be the name of a network.
    """
    return _name_of(Path(source)) if is_path(source) else source


def _name_of(path: Path) -> str:
    """Name of the network of a CSV; a ValueError where its stem can be none."""
    check_name(f"{path}: a network is called as its file, and its name", path.stem)
    return path.stem


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
        dilations: dilation in height and width, shape (n_layers, 2); 1 if left out.
        dynamic: whether both operands are activations, per layer; not so if left out.
        shared_with: the earlier layer whose weights a layer uses, or ''; nowhere if left out.
        input_statistics: where `input_bits` comes from, per layer.
        weight_statistics: where `weight_bits` comes from, per layer.
        provenance: where the network comes from.
        measured: cells of the columns that `imcmoo import --data` adds, which no cost depends on.
    """

    name: str
    layers: tuple[str, ...]
    kinds: tuple[str, ...]
    shapes: Ints
    strides: Ints
    input_bits: Floats
    weight_bits: Floats
    dilations: Ints = field(default_factory=lambda: np.empty((0, 2), np.int64))
    dynamic: tuple[bool, ...] = ()
    shared_with: tuple[str, ...] = ()
    input_statistics: tuple[str, ...] = ()
    weight_statistics: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for layer in self.layers:
            if fault := formula_fault(layer):
                raise ValueError(f"network {self.name}, layer {fault}")
        n = len(self.layers)
        left_out = {
            "dilations": np.ones((n, 2), dtype=np.int64),
            "dynamic": (False,) * n,
            "shared_with": ("",) * n,
            "input_statistics": (GIVEN,) * n,
            "weight_statistics": (GIVEN,) * n,
        }
        for name, value in left_out.items():
            if len(getattr(self, name)) == 0:
                object.__setattr__(self, name, value)

    @classmethod
    def read_csv(cls, path: Path, name: str | None = None) -> Workload:
        """Read a network from a CSV with one row per layer.

        Args:
            path: columns name, C, M, P, Q and, optional, kind, R, S, G, N, stride_h, stride_w,
                dilation_h, dilation_w, dynamic, shared_with, input_bit0..7 and weight_bit0..7
                (most significant first), input_statistics, weight_statistics, and the columns of
                `imcmoo import --data`; lines #key=value on top.
            name: what to call the network; the file's stem by default.

        Raises:
            ValueError: a column is missing or unknown, a size below 1, a density outside 0..1, a
                sharing with no earlier layer, or no layer; names file, line and column of all. Or a
                name that no network can have.
        """
        return cls(name=name or _name_of(path), **read_columns(path))

    def write_csv(self, stream: TextIO) -> None:
        """Write the network as `read_csv` reads it, to a stream opened with newline=''."""
        numbers = np.hstack([self.shapes, self.strides, self.dilations])
        columns: dict[str, Sequence[object]] = {
            "name": self.layers,
            "kind": self.kinds,
            **dict(zip((*DIMENSIONS, *STEPS), numbers.T.tolist(), strict=True)),
            "dynamic": [int(d) for d in self.dynamic],
            "shared_with": self.shared_with,
            **self.measured,
        }
        for operand in OPERANDS:
            bits = getattr(self, f"{operand}_bits").T.tolist()
            columns |= dict(zip(DENSITIES[operand], bits, strict=True))
            columns[f"{operand}_statistics"] = getattr(self, f"{operand}_statistics")
        write_columns(stream, self.provenance, columns)

    @classmethod
    def load(cls, source: str) -> Workload:
        """One of the shipped networks by name, or one of a user's by the path of its CSV.

        Raises:
            ValueError: unknown name, or a CSV that is no network; says what is allowed.
            OSError: the CSV cannot be read.
        """
        if is_path(source):
            return cls.read_csv(Path(source))
        names = (*SHIPPED, *TRUE_NETWORKS)
        if source not in names:
            raise ValueError(
                f"unknown workload '{source}'; {did_you_mean(source, names)}known: "
                f"{', '.join(names)}, or the path of a CSV"
            )
        return _shipped(source)

    @cached_property
    def weights(self) -> int:
        """Number of weights; shared ones count once, activations held in arrays do not."""
        sizes = self.shapes[:, [DIMENSIONS.index(d) for d in "CMRSG"]].prod(axis=1)
        has_weights = np.array([not s for s in self.shared_with]) & ~np.array(self.dynamic)
        return int(sizes[has_weights].sum())

    def __len__(self) -> int:
        return len(self.layers)


@cache
def _shipped(name: str) -> Workload:
    """A network of the package, read once: every study that is known asks for it."""
    with resources.as_file(resources.files("imcmoo.networks") / "tables" / f"{name}.csv") as path:
        network = Workload.read_csv(path, name)
    for array in vars(network).values():
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return network


@dataclass(frozen=True)
class WorkloadSet:
    """An ordered list of networks, with the distinct layer shapes among them.

    Mapping and action counts depend on a layer's shape only, so they are computed once per
    distinct shape; operand statistics enter afterwards, layer by layer.
    """

    workloads: tuple[Workload, ...]

    @classmethod
    def load(cls, sources: Sequence[str]) -> WorkloadSet:
        """Networks by name or by the path of a CSV, in the order given.

        Raises:
            ValueError: no network, an unknown one, or two of one name.
            OSError: a CSV cannot be read.
        """
        if not sources:
            raise ValueError("a workload set needs at least one workload")
        names = [network_name(source) for source in sources]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(
                f"two workloads are called '{twice}' in {', '.join(sources)}: a CSV is called as "
                "its file"
            )
        return cls(tuple(Workload.load(source) for source in sources))

    def only(self, name: str) -> WorkloadSet:
        """The set of one of the networks.

        Raises:
            ValueError: no such network; names those there are.
        """
        check_choice("network", name, self.names)
        return WorkloadSet((self.workloads[self.names.index(name)],))

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
        for array in (shapes, self.owner, self.shares, self.input_bits, self.weight_bits):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @cached_property
    def owner(self) -> Ints:
        """Which network each layer belongs to, shape (n_layers,), layers in order."""
        return np.repeat(np.arange(len(self)), [len(w) for w in self.workloads])

    @cached_property
    def shares(self) -> Bools:
        """True for each layer that uses the weights of an earlier one, shape (n_layers,)."""
        return np.array([s != "" for w in self.workloads for s in w.shared_with])

    @cached_property
    def input_bits(self) -> Floats:
        """Input bit densities of all layers, shape (n_layers, 8)."""
        return np.concatenate([w.input_bits for w in self.workloads])

    @cached_property
    def weight_bits(self) -> Floats:
        """Weight bit densities of all layers, shape (n_layers, 8)."""
        return np.concatenate([w.weight_bits for w in self.workloads])

    @property
    def weights(self) -> Ints:
        """Number of weights of each workload, shape (n_workloads,); shared ones count once."""
        return np.array([w.weights for w in self.workloads], dtype=np.int64)

    @property
    def macs(self) -> Ints:
        """Multiply-accumulates of one inference of each workload, shape (n_workloads,)."""
        of_layers = self.shapes[self.shape_index].prod(axis=1)
        return np.bincount(self.owner, of_layers).astype(np.int64)

    @cached_property
    def _distinct(self) -> tuple[Ints, Ints]:
        all_shapes = np.concatenate([w.shapes for w in self.workloads])
        shapes, index = np.unique(all_shapes, axis=0, return_inverse=True)
        return shapes, index.reshape(-1)

    @property
    def shapes(self) -> Ints:
        """Distinct layer shapes, shape (n_shapes, 8), columns as `DIMENSIONS`."""
        return self._distinct[0]

    @property
    def shape_index(self) -> Ints:
        """The distinct shape of each layer, shape (n_layers,)."""
        return self._distinct[1]


def slice_mean(bits: Floats, width: int) -> Floats:
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
