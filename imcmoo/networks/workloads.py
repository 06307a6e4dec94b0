"""Neural networks as arrays: layer shapes, operand statistics, and distinct layers.

Source of the nine shipped networks: the CiMLoop workloads (github.com/mit-emze/cimloop); bit
densities are computed from their operand histograms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from imcmoo.networks.workload_csv import (
    CACHE,
    GIVEN,
    STEPS,
    name_fault,
    read_columns,
    size_fault,
    write_columns,
)

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
"""The nine networks of the paper, in its order and form.

Its resnet50 is another network, and its products of attention lack a dimension. See `TRUE_NETWORKS`
for the published networks.
"""

BATCH = "batch"
"""Key of the provenance of a table whose layers hold several images."""

LARGEST_BATCH = 1 << 16
"""Largest number of images of one inference."""

PHASE, STEPS_OF_REQUEST = "phase", "steps"
"""Keys of the provenance of a language model: phase, and steps of a request."""

IN_TRUTH = "_onnx"
"""Suffix of the names of `TRUE_NETWORKS`."""

TRUE_NETWORKS = tuple(f"{name}{IN_TRUTH}" for name in SHIPPED)
"""The nine networks as defined by torchvision and transformers, imported from ONNX, batch 1."""

LANGUAGE_MODELS = ("smollm", "gpt2", "qwen2.5-0.5b")
"""Language models of which prefill and step are shipped."""

RECOGNISER = "wav2vec2_base"
"""A speech recogniser, for scenarios in which a language model answers."""

FURTHER = (
    *(f"{name}_{phase}" for name in LANGUAGE_MODELS for phase in ("prefill", "decode")),
    RECOGNISER,
)
"""Shipped networks beside `SHIPPED` and `TRUE_NETWORKS`."""


def is_path(source: str) -> bool:
    """Return True if a network is named by the path of its CSV."""
    return Path(source).name != source or source.lower().endswith(".csv")


def network_name(source: str) -> str:
    """Name of a network: the name itself, or the stem of its CSV.

    Raises:
        ValueError: the stem is not allowed as a name.
    """
    return _name_of(Path(source)) if is_path(source) else source


def _name_of(path: Path) -> str:
    """Name of the network of a CSV; ValueError if the stem is not allowed."""
    check_name(f"{path}: a network is called as its file, and its name", path.stem)
    return path.stem


@dataclass(frozen=True)
class Workload:
    """A network, layer by layer.

    Load a shipped network or a CSV with `Workload.load("resnet18")`.

    Args:
        name: name in tables and figures.
        layers: name of each layer.
        kinds: operator type of each layer.
        shapes: loop sizes, shape (n_layers, 8), columns as `DIMENSIONS`.
        strides: stride in height and width, shape (n_layers, 2); the reference model ignores it.
        input_bits: P(bit is 1) of the inputs, most significant first, shape (n_layers, 8).
        weight_bits: P(bit is 1) of the weights, likewise.
        dilations: dilation in height and width, shape (n_layers, 2). If empty, 1.
        dynamic: True for layers whose operands are both activations. If empty, False.
        shared_with: the earlier layer whose weights each layer uses, or ''. If empty, none.
        cache: per layer, `keys` or `values` if its second operand is a cache of earlier positions,
            else ''. If empty, none.
        appended: positions that an inference adds to the cache of a layer, shape (n_layers,); 0
            without a cache.
        reserved: positions that the cache of a layer has room for, likewise.
        input_statistics: source of `input_bits`, per layer.
        weight_statistics: source of `weight_bits`, per layer.
        provenance: where the network comes from.
        measured: cells of the columns that `imcmoo import --data` adds; no cost depends on them.
        images: images of an inference, whose number is in `shapes`.
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
    cache: tuple[str, ...] = ()
    appended: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    reserved: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    input_statistics: tuple[str, ...] = ()
    weight_statistics: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: int = 1

    def __post_init__(self) -> None:
        for layer in self.layers:
            if fault := name_fault(layer):
                raise ValueError(f"network {self.name}, layer {fault}")
        n = len(self.layers)
        left_out = {
            "dilations": np.ones((n, 2), dtype=np.int64),
            "dynamic": (False,) * n,
            "shared_with": ("",) * n,
            "cache": ("",) * n,
            "appended": np.zeros(n, np.int64),
            "reserved": np.zeros(n, np.int64),
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
            path: columns name, C, M, P, Q; optionally kind, R, S, G, N, stride_h, stride_w,
                dilation_h, dilation_w, dynamic, shared_with, cache with appended and reserved,
                input_bit0..7 and weight_bit0..7 (most significant first), input_statistics,
                weight_statistics, and the columns of `imcmoo import --data`. Lines #key=value may
                precede the header.
            name: name of the network. If None, the stem of the file.

        Raises:
            ValueError: a column is missing or unknown, a size is below 1, a density is outside
                0..1, weights are shared with no earlier layer, there is no layer, or the name is
                not allowed; names file, line and column of each fault.
        """
        columns = read_columns(path)
        images = _images(path, columns["provenance"])
        return cls(name=name or _name_of(path), images=images, **columns)

    def of_batch(self, images: int) -> Workload:
        """The network with so many images as one inference.

        Layers with stored weights take N of all images; products of activations are of each image,
        so that G grows.

        Raises:
            ValueError: the table is of a batch itself, or a layer becomes too large.
        """
        if images == 1:
            return self
        if BATCH in self.provenance:
            raise ValueError(f"{self.name} is of batch {self.images}: import it with --batch")
        for layer, sizes in zip(self.layers, self.shapes.tolist(), strict=True):
            if fault := size_fault([*sizes, images]):
                raise ValueError(f"layer '{layer}' of {self.name} then has {fault}")
        shapes = self.shapes.copy()
        grows = np.where(self.dynamic, DIMENSIONS.index("G"), DIMENSIONS.index("N"))
        shapes[np.arange(len(self)), grows] *= images
        return replace(self, shapes=shapes, images=images)

    def write_csv(self, stream: TextIO) -> None:
        """Write a CSV for `read_csv` to a stream opened with newline=''."""
        numbers = np.hstack([self.shapes, self.strides, self.dilations])
        columns: dict[str, Sequence[object]] = {
            "name": self.layers,
            "kind": self.kinds,
            **dict(zip((*DIMENSIONS, *STEPS), numbers.T.tolist(), strict=True)),
            "dynamic": [int(d) for d in self.dynamic],
            "shared_with": self.shared_with,
            **self.measured,
        }
        if self.has_cache:
            positions = ([n or "" for n in v.tolist()] for v in (self.appended, self.reserved))
            columns |= dict(zip(CACHE, (self.cache, *positions), strict=True))
        for operand in OPERANDS:
            bits = getattr(self, f"{operand}_bits").T.tolist()
            columns |= dict(zip(DENSITIES[operand], bits, strict=True))
            columns[f"{operand}_statistics"] = getattr(self, f"{operand}_statistics")
        write_columns(stream, self.provenance, columns)

    @classmethod
    def load(cls, source: str) -> Workload:
        """Load a shipped network by name, or a user's by the path of its CSV.

        Raises:
            ValueError: the name is unknown, or the CSV is not a network; says what is allowed.
            OSError: the CSV cannot be read.
        """
        if is_path(source):
            return cls.read_csv(Path(source))
        names = (*SHIPPED, *TRUE_NETWORKS, *FURTHER)
        if source not in names:
            raise ValueError(
                f"unknown workload '{source}'; {did_you_mean(source, names)}known: "
                f"{', '.join(names)}, or the path of a CSV"
            )
        return _shipped(source)

    @property
    def phase(self) -> str:
        """Phase of generation with a language model (`prefill`, `step`); empty for others."""
        return self.provenance.get(PHASE, "")

    @property
    def steps(self) -> int:
        """Steps of a request of a language model; 0 for others."""
        text = self.provenance.get(STEPS_OF_REQUEST, "")
        return int(text) if self.phase and text.isascii() and text.isdigit() else 0

    @property
    def has_cache(self) -> bool:
        """True if a layer reads a cache of earlier positions."""
        return any(self.cache)

    def check_same_weights(self, other: Workload) -> None:
        """Check that the layers with stored weights are those of another network.

        Raises:
            ValueError: they differ; names the first that does.
        """
        mine, others = self._stored_sizes, other._stored_sizes
        for (name, sizes), (other_name, other_sizes) in zip(mine, others, strict=False):
            if name != other_name:
                raise ValueError(
                    f"layer '{name}' of {self.name} stands where {other.name} has '{other_name}'"
                )
            if sizes != other_sizes:
                raise ValueError(
                    f"layer '{name}' has C, M, R, S, G {sizes} in {self.name}, but {other_sizes} "
                    f"in {other.name}"
                )
        if len(mine) != len(others):
            longer = max(mine, others, key=len)
            name, _ = longer[min(len(mine), len(others))]
            without = other if longer is mine else self
            raise ValueError(f"{without.name} has no layer '{name}'")

    @property
    def _stored_sizes(self) -> list[tuple[str, list[int]]]:
        """Names and C, M, R, S, G of the layers with stored weights, in order."""
        sizes = self.shapes[:, [DIMENSIONS.index(d) for d in "CMRSG"]].tolist()
        layers = zip(self.layers, sizes, self.dynamic, strict=True)
        return [(name, size) for name, size, dynamic in layers if not dynamic]

    @property
    def weights_of_layers(self) -> Ints:
        """Weights of each layer, shape (n_layers,); 0 for activations held in arrays and for the
        weights of an earlier layer."""
        sizes = self.shapes[:, [DIMENSIONS.index(d) for d in "CMRSG"]].prod(axis=1)
        has_weights = np.array([not s for s in self.shared_with]) & ~np.array(self.dynamic)
        return np.where(has_weights, sizes, 0)

    @cached_property
    def weights(self) -> int:
        """Number of weights; shared weights count once, activations held in arrays do not."""
        return int(self.weights_of_layers.sum())

    def __len__(self) -> int:
        return len(self.layers)


def _images(path: Path, provenance: Mapping[str, str]) -> int:
    """Images of an inference of a table, by its line `#batch`."""
    text = provenance.get(BATCH, "1")
    images = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= images <= LARGEST_BATCH:
        raise ValueError(f"{path}: #{BATCH}={text}: must be a whole number, 1 to {LARGEST_BATCH}")
    return images


@cache
def _shipped(name: str) -> Workload:
    with resources.as_file(resources.files("imcmoo.networks") / "tables" / f"{name}.csv") as path:
        network = Workload.read_csv(path, name)
    for array in vars(network).values():
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return network


@dataclass(frozen=True)
class WorkloadSet:
    """Ordered networks, with the distinct layer shapes among them.

    Load one with `WorkloadSet.load(["resnet18", "my_net.csv"])`. Mapping and action counts are
    computed once per distinct layer shape; operand statistics enter layer by layer.
    """

    workloads: tuple[Workload, ...]

    @classmethod
    def load(cls, sources: Sequence[str]) -> WorkloadSet:
        """Load networks by name or by the path of a CSV, in order.

        Raises:
            ValueError: there is no network, one is unknown, or two have the same name.
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
        """Return the set with only one of the networks.

        Raises:
            ValueError: there is no such network; names the known ones.
        """
        check_choice("network", name, self.names)
        return WorkloadSet((self.workloads[self.names.index(name)],))

    def __len__(self) -> int:
        return len(self.workloads)

    @property
    def names(self) -> list[str]:
        """Names of the networks, in order."""
        return [w.name for w in self.workloads]

    @property
    def images(self) -> tuple[int, ...]:
        """Images of an inference of each network, in order."""
        return tuple(w.images for w in self.workloads)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of names, layers, operand statistics, caches, phases and steps."""
        digest = hashlib.sha256(repr(self.names).encode())
        shapes = self.shapes[self.shape_index]
        for array in (shapes, self.owner, self.shares, self.input_bits, self.weight_bits):
            digest.update(np.ascontiguousarray(array).tobytes())
        for network in self.workloads:
            if network.has_cache:
                positions = network.appended.tolist(), network.reserved.tolist()
                digest.update(repr((network.name, network.cache, *positions)).encode())
            if network.phase:  # time and energy of a request follow from the steps
                digest.update(repr((network.name, network.phase, network.steps)).encode())
        return digest.hexdigest()

    @property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each network alone, by name."""
        return {w.name: WorkloadSet((w,)).fingerprint for w in self.workloads}

    @cached_property
    def owner(self) -> Ints:
        """Index of the network of each layer, shape (n_layers,)."""
        return np.repeat(np.arange(len(self)), [len(w) for w in self.workloads])

    @cached_property
    def shares(self) -> Bools:
        """True for layers that use the weights of an earlier one, shape (n_layers,)."""
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
        """Number of weights of each network, shape (n_workloads,); shared weights count once."""
        return np.array([w.weights for w in self.workloads], dtype=np.int64)

    @property
    def macs(self) -> Ints:
        """Multiply-accumulates per inference of each network, shape (n_workloads,)."""
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
        """Index of the distinct shape of each layer, shape (n_layers,)."""
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
