"""Accuracy data of a network, the file NET.accuracy.npz: predicts the accuracy on a chip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Floats
from imcmoo.io.reading import of_json, read_arrays
from imcmoo.io.stamp import Stamp
from imcmoo.networks.workload_csv import MEASURED
from imcmoo.networks.workloads import DIMENSIONS, Workload

VERSION = 4
SCALARS = ("lowest", "highest", "signal_power", "gain_white", "gain_static")
"""Numbers of each layer."""
CURVES = ("levels", "white", "static")
WHAT = "a file of `imcmoo import --data`"
CHECKSUM = "checksum"
"""Array with the SHA-256 (hex) of all other arrays."""
ABOUT = {
    **dict.fromkeys(("network", "data", "network_sha256", "data_sha256", "metric", "output"), str),
    **dict.fromkeys(("samples", "seed", "table_layers"), int),
}
"""Entries of `AccuracyData.about` and their types; `table_layers` is the number of layers of the
network's table.
"""
WIDEST = 16
"""Largest number of bits of an input or weight."""
ROUNDING = 1e-9
"""Tolerance for the range of scores and the monotony of curves."""
HALF_PRECISION = 1e-3
"""Relative error of stored vectors (half precision)."""
LARGEST_GAIN = 1e12
"""Gain of a layer with whose noise outputs are not finite, for example one before a logarithm."""


@dataclass(frozen=True, eq=False)
class LayerData:
    """A layer with stored weights, and a sample of its inputs.

    Args:
        name: name of the node.
        weights: shape (G, K, M), K in the order of the file.
        vectors: inputs in the float network, shape (G, n, K), n at most 256.
        lowest, highest: range of all calibration inputs.
        signal_power: variance of the outputs, mean over channels.
        gain_white, gain_static: noise-to-signal ratio at the logits over that at the outputs of the
            layer, for noise of each read and for cell errors.
    """

    name: str
    weights: NDArray[np.float32]
    vectors: NDArray[np.float32]
    lowest: float
    highest: float
    signal_power: float
    gain_white: float
    gain_static: float

    def check(self) -> None:
        """Check the range of all numbers.

        Raises:
            ValueError: names the layer and the first number out of range.
        """
        start, peak = f"layer '{self.name}': ", max(abs(self.lowest), abs(self.highest))
        shapes = self.weights.ndim == 3 and self.weights.size and self.vectors.shape[1]
        _require(shapes and np.isfinite(self.weights).all(), f"{start}weights must be finite")
        _require(self.lowest <= self.highest and np.isfinite(peak), f"{start}lowest above highest")
        inside = (np.abs(self.vectors) <= peak * (1 + HALF_PRECISION)).all()
        _require(inside, f"{start}vectors must lie in the range of all inputs")
        for name in SCALARS[2:]:
            _check_from_0(f"{start}{name}", getattr(self, name))

    @property
    def cells(self) -> tuple[str, ...]:
        """Cells of the columns `MEASURED` of the network's table."""
        peak = max(abs(self.lowest), abs(self.highest))
        return (
            f"{self.signal_power:.6g}",
            f"{peak:.6g}",
            str(int(self.lowest < 0)),
            f"{self.gain_white:.6g}",
            f"{self.gain_static:.6g}",
        )


@dataclass(frozen=True, eq=False)
class AccuracyData:
    """Accuracy of a network as a function of noise. All scores are on the samples of the curves.

    Read a file of `imcmoo import --data` with `AccuracyData.read(path)`.

    Args:
        layers: all L mapped layers.
        float_score: score of the float network.
        levels: noise-to-signal ratios at the logits, ascending, shape (n,).
        white, static: score at each ratio, non-increasing, for noise of reads and for cell errors,
            shape (n,).
        rounding: noise-to-signal ratio at the logits from rounding, by input and weight bits.
        rounded: score with rounded inputs and weights, by input and weight bits.
        about: provenance, see `ABOUT`.
    """

    layers: tuple[LayerData, ...]
    float_score: float
    levels: Floats
    white: Floats
    static: Floats
    rounding: Mapping[tuple[int, int], float]
    rounded: Mapping[tuple[int, int], float]
    about: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything a prediction depends on."""
        arrays = self._arrays()
        arrays["about"] = np.array([VERSION, self.float_score])
        return _digest(arrays)

    def __repr__(self) -> str:
        """Equal for equal content: digests of settings contain it."""
        return f"AccuracyData({self.fingerprint})"

    def gains(self, name: str) -> Floats:
        """Gain of each layer, "gain_white" or "gain_static", shape (L,)."""
        return np.array([getattr(layer, name) for layer in self.layers])

    @property
    def digital_only(self) -> list[str]:
        """Layers with whose noise outputs are not finite, so that no chip may add any."""
        most = np.maximum(self.gains("gain_white"), self.gains("gain_static"))
        return [e.name for e, gain in zip(self.layers, most, strict=True) if gain >= LARGEST_GAIN]

    def analog(self, digital: Collection[str]) -> NDArray[np.bool_]:
        """True for layers in arrays, that is, not on the digital unit, shape (L,).

        Raises:
            ValueError: a name in `digital` is no layer.
        """
        names = [layer.name for layer in self.layers]
        for name in digital:
            if name not in names:
                raise ValueError(f"no accuracy data for a layer '{name}'")
        return np.array([name not in digital for name in names])

    def fits(self, network: Workload) -> bool:
        """True if a table is of the measured network.

        All measured layers must occur. If the table names the digest of its file, that and the
        number of all layers must agree, too.
        """
        if len(self.rows_in(network)) != len(self.layers):
            return False
        digest = network.provenance.get("sha256")
        if digest is None:
            return True
        measured = {name: self.about.get(name) for name in ("network_sha256", "table_layers")}
        table = {"network_sha256": digest, "table_layers": len(network)}
        return not Stamp({"networks": table}).difference({"networks": measured})

    def columns_for(self, network: Workload) -> dict[str, tuple[str, ...]]:
        """Cells of the columns `MEASURED` for the table of a network; empty for unknown layers."""
        cells = [("",) * len(MEASURED)] * len(network)
        for at, layer in self.rows_in(network).items():
            cells[at] = layer.cells
        return {n: tuple(c[at] for c in cells) for at, n in enumerate(MEASURED)}

    def rows_in(self, network: Workload) -> dict[int, LayerData]:
        """Measured layers by row of a network's table, found by name, else by the shape of their
        weights."""
        sizes = dict(zip(DIMENSIONS, network.shapes.T, strict=True))
        shapes = np.array([sizes["G"], sizes["C"] * sizes["R"] * sizes["S"], sizes["M"]]).T
        free = [not dynamic for dynamic in network.dynamic]
        rows: dict[int, LayerData] = {}
        for by_name in (True, False):
            for layer in self.layers:
                if by_name != (layer.name in network.layers):
                    continue
                alike = [
                    at
                    for at in np.flatnonzero((shapes == layer.weights.shape).all(axis=1))
                    if free[at] and (not by_name or network.layers[at] == layer.name)
                ]
                if alike:
                    free[alike[0]] = False
                    rows[int(alike[0])] = layer
        return rows

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {n: getattr(self, n) for n in CURVES}
        arrays["names"] = np.array([layer.name for layer in self.layers])
        arrays |= {n: np.array([getattr(layer, n) for layer in self.layers]) for n in SCALARS}
        for at, layer in enumerate(self.layers):
            arrays[f"weights/{at}"] = layer.weights.astype(np.float32)
            peak = max(abs(layer.lowest), abs(layer.highest)) or 1.0
            arrays[f"vectors/{at}"] = (layer.vectors / peak).astype(np.float16)
        pairs = sorted(self.rounding.items())
        arrays["rounding"] = np.array([(*bits, noise, self.rounded[bits]) for bits, noise in pairs])
        about = {**self.about, "version": VERSION, "float_score": self.float_score}
        arrays["about"] = np.array(json.dumps(about, sort_keys=True))
        return arrays

    def check(self) -> None:
        """Check the range of all numbers.

        Raises:
            ValueError: names the first number out of range.
        """
        for layer in self.layers:
            layer.check()
        names = [layer.name for layer in self.layers]
        distinct = 0 < len(set(names)) == len(names) and all(names)
        _require(distinct, "names of layers must be distinct and not empty")
        for name, kind in ABOUT.items():
            _require(type(self.about.get(name)) is kind, f"about: {name} must be {kind.__name__}")
        _require(self.about["samples"] > 0, "about: samples must be at least 1")
        levels, bits = self.levels, self.rounding.keys()
        rising = levels.ndim == 1 < levels.size and (np.diff(levels, prepend=0.0) > 0).all()
        _require(rising and np.isfinite(levels).all(), "levels must be positive and ascending")
        for name in ("white", "static"):
            curve = getattr(self, name)
            falling = curve.shape == levels.shape and (np.diff(curve) <= ROUNDING).all()
            _require(falling, f"{name} must not rise with noise")
        pairs = all(2 <= b <= WIDEST for pair in bits for b in pair)
        _require(pairs and bits == self.rounded.keys(), f"bits must be 2 to {WIDEST}")
        _check_from_0("noise of rounding", [*self.rounding.values()])
        self._check_scores()

    def _check_scores(self) -> None:
        """Check the range of all scores; the cosine of vectors may be negative."""
        lowest = -1 if self.about["metric"] == "cosine" else 0
        scores = [self.float_score, *self.white, *self.static, *self.rounded.values()]
        for score in scores:
            inside = lowest - ROUNDING <= score <= 1 + ROUNDING
            _require(inside, f"scores must be {lowest} to 1, not {score:g}")

    def write(self, path: Path) -> None:
        """Write a file for `read`.

        Raises:
            ValueError: a number is out of range; names it.
            OSError: the file cannot be written.
        """
        self.check()
        arrays = self._arrays()
        checksum = {CHECKSUM: np.array(_digest(arrays))}
        with path.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays, **checksum)

    @classmethod
    def read(cls, path: Path) -> AccuracyData:
        """Read a file of `imcmoo import --data`.

        Raises:
            ValueError: the file is of another kind or version, damaged, or has a number out of
                range; names the file.
            OSError: the file cannot be read.
        """
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _read(path: Path, changed_ns: int, size: int) -> AccuracyData:
    """Data of a file, read again only if it changes."""
    arrays = read_arrays(path, WHAT)
    about = _about(arrays)
    if about is not None:
        stated = {"versions": {"accuracy data": about.pop("version", None)}}
        if differs := Stamp({"versions": {"accuracy data": VERSION}}).difference(stated):
            raise ValueError(f"{path} is of {differs}: make it again with `imcmoo import --data`")
    stored = str(arrays.pop(CHECKSUM, ""))
    if about is None or stored != _digest(arrays):
        raise ValueError(f"{path} is not {WHAT}, or damaged")
    try:
        data = _from_arrays(arrays, about)
        data.check()
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path} is not {WHAT}: {error}") from None
    return data


def _about(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any] | None:
    """The parsed text in a file; None if there is none."""
    try:
        about = of_json(str(arrays["about"]), "about")
    except (KeyError, ValueError):
        return None
    return about if isinstance(about, dict) else None


def _from_arrays(arrays: Mapping[str, NDArray[Any]], about: dict[str, Any]) -> AccuracyData:
    names = arrays["names"].tolist()
    table = _floats(arrays, "rounding", (None, 4))
    pairs = [(int(x), int(w)) for x, w in table[:, :2]]
    distinct = np.array_equal(pairs, table[:, :2]) and len({*pairs}) == len(pairs)
    _require(distinct, "bits must be whole numbers, and each pair of them be there once")
    float_score = about.pop("float_score")
    _require(isinstance(float_score, float), "about: float_score must be a float")
    return AccuracyData(
        layers=tuple(_layer(arrays, at, name) for at, name in enumerate(names)),
        float_score=float_score,
        rounding=dict(zip(pairs, table[:, 2].tolist(), strict=True)),
        rounded=dict(zip(pairs, table[:, 3].tolist(), strict=True)),
        about=about,
        **{name: _floats(arrays, name, (None,)) for name in CURVES},
    )


def _layer(arrays: Mapping[str, NDArray[Any]], at: int, name: object) -> LayerData:
    _require(isinstance(name, str), "names of layers must be text")
    numbers = {n: float(_floats(arrays, n, arrays["names"].shape)[at]) for n in SCALARS}
    peak = max(abs(numbers["lowest"]), abs(numbers["highest"])) or 1.0
    weights = _floats(arrays, f"weights/{at}", (None, None, None), np.float32)
    shape = (len(weights), None, weights.shape[1])
    vectors = _floats(arrays, f"vectors/{at}", shape, np.float16)
    return LayerData(str(name), weights, vectors.astype(np.float32) * np.float32(peak), **numbers)


def _floats(
    arrays: Mapping[str, NDArray[Any]],
    name: str,
    shape: tuple[int | None, ...],
    dtype: type[np.floating[Any]] = np.float64,
) -> NDArray[Any]:
    """Array of a type and shape; None stands for any size."""
    array = arrays[name]
    fits = array.ndim == len(shape) and all(
        expected in (None, size) for expected, size in zip(shape, array.shape, strict=True)
    )
    _require(fits and array.dtype == dtype, f"{name} is {array.dtype} of shape {array.shape}")
    return array


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 (hex) of names, types, shapes and content of arrays."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(repr((name, array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _check_from_0(name: str, values: object) -> None:
    numbers = np.asarray(values, dtype=float)
    _require(bool((np.isfinite(numbers) & (numbers >= 0)).all()), f"{name} must be at least 0")


def _require(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)
