"""Data of a network from which the accuracy of a chip is predicted: the file NET.accuracy.npz."""

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
from imcmoo.io.reading import read_arrays
from imcmoo.networks.workload_csv import MEASURED
from imcmoo.networks.workloads import DIMENSIONS, Workload

VERSION = 3
SCALARS = ("lowest", "highest", "signal_power", "gain_white", "gain_static")
"""Numbers of each layer."""
CURVES = ("levels", "white", "static")
WHAT = "a file of `imcmoo import --data`"


@dataclass(frozen=True, eq=False)
class LayerData:
    """A layer with stored weights, and a sample of its inputs.

    Args:
        name: of the node.
        weights: shape (G, K, M), K in the file's order.
        vectors: inputs in the float network, n at most 256, shape (G, n, K).
        lowest, highest: of all calibration inputs.
        signal_power: variance of the outputs, mean over channels.
        gain_white, gain_static: noise to signal at the logits over noise to signal of the layer's
            outputs, for noise of each read and for errors of cells.
    """

    name: str
    weights: NDArray[np.float32]
    vectors: NDArray[np.float32]
    lowest: float
    highest: float
    signal_power: float
    gain_white: float
    gain_static: float

    @property
    def cells(self) -> tuple[str, ...]:
        """Cells of the columns `MEASURED` of a network's table."""
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
    """Accuracy of a network as a function of noise; all scores are on the samples of the curves.

    Args:
        layers: all L mapped layers.
        float_score: score of the network in float.
        levels: noise to signal at the logits, ascending, shape (n,).
        white, static: score at each level, never rising, for noise of reads and for errors of
            cells, shape (n,).
        rounding: noise to signal at the logits from rounding, by bits of inputs and weights.
        rounded: score with inputs and weights rounded, by bits of inputs and weights.
        about: where it comes from: digests of the network and its data, metric, samples, seed.
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
        digest = hashlib.sha256(repr((VERSION, self.float_score)).encode())
        for name, array in sorted(self._arrays().items()):
            if name != "about":
                digest.update(repr((name, array.dtype.str, array.shape)).encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        """Equal for equal content, so that digests of settings may hold it."""
        return f"AccuracyData({self.fingerprint})"

    def gains(self, name: str) -> Floats:
        """Gain of each layer, "gain_white" or "gain_static", shape (L,)."""
        return np.array([getattr(layer, name) for layer in self.layers])

    def analog(self, digital: Collection[str]) -> NDArray[np.bool_]:
        """True for the layers in arrays, all but those on the digital unit, shape (L,).

        Raises:
            ValueError: there is no layer of a name in `digital`.
        """
        known = [layer.name for layer in self.layers]
        for name in digital:
            if name not in known:
                raise ValueError(f"no accuracy data for a layer '{name}'")
        return np.array([name not in digital for name in known])

    def fits(self, network: Workload) -> bool:
        """True for a table of the measured network: of the same file where the table names its
        digest, else with all measured layers.
        """
        digest = network.provenance.get("sha256")
        if digest is not None:
            return bool(digest == self.about.get("network_sha256"))
        return len(self._rows(network)) == len(self.layers)

    def columns_for(self, network: Workload) -> dict[str, tuple[str, ...]]:
        """Cells of the columns `MEASURED` of an imported network's table, empty where a layer is
        unknown."""
        cells = [("",) * len(MEASURED)] * len(network)
        for at, layer in self._rows(network).items():
            cells[at] = layer.cells
        return {n: tuple(c[at] for c in cells) for at, n in enumerate(MEASURED)}

    def _rows(self, network: Workload) -> dict[int, LayerData]:
        """Layers by row of a network's table, found by name, else by the shape of their weights."""
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

    def write(self, path: Path) -> None:
        """Write it as `read` reads it."""
        with path.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **self._arrays())

    @classmethod
    def read(cls, path: Path) -> AccuracyData:
        """Read a file of `imcmoo import --data`.

        Raises:
            ValueError: it is none; names the file.
            OSError: it cannot be read.
        """
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _read(path: Path, changed_ns: int, size: int) -> AccuracyData:
    """The data of a file; read once unless it changes."""
    arrays = read_arrays(path, WHAT)
    try:
        about = json.loads(str(arrays["about"]))
        if about.pop("version") != VERSION:
            raise ValueError
        return AccuracyData(
            layers=tuple(_layer(arrays, at) for at in range(len(arrays["names"]))),
            float_score=float(about.pop("float_score")),
            rounding={(int(x), int(w)): float(v) for x, w, v, _ in arrays["rounding"]},
            rounded={(int(x), int(w)): float(v) for x, w, _, v in arrays["rounding"]},
            about=about,
            **{name: arrays[name].astype(float) for name in CURVES},
        )
    except (KeyError, ValueError, TypeError, IndexError):
        raise ValueError(f"{path} is not {WHAT}, or of another version") from None


def _layer(arrays: Mapping[str, NDArray[Any]], at: int) -> LayerData:
    numbers = {name: float(arrays[name][at]) for name in SCALARS}
    peak = max(abs(numbers["lowest"]), abs(numbers["highest"])) or 1.0
    weights = arrays[f"weights/{at}"]
    vectors = arrays[f"vectors/{at}"].astype(np.float32) * np.float32(peak)
    if weights.ndim != 3 or vectors.shape[::2] != weights.shape[:2]:
        raise ValueError
    return LayerData(str(arrays["names"][at]), weights, vectors, **numbers)
