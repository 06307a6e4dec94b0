"""Noise of the layers of a network in an analog circuit, worked out once and stored on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from imcmoo.accuracy import accuracy_packages
from imcmoo.arrays import Floats
from imcmoo.io.checksums import read_sealed, write_sealed
from imcmoo.io.executor import spread
from imcmoo.io.stamp import Stamp
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.model import noise_of_circuits
from imcmoo.model.physical.noise.statistics import Statistics
from imcmoo.networks.accuracy_data import AccuracyData, LayerData

VERSION = 6
"""Raise when the execution of layers changes, so that stored results are not used."""
COLUMNS_VERSION = 1
"""The same for the closed form with a network's own columns."""
VECTORS = 128
"""Calibration vectors on which a layer is executed."""
SEED = 0
RESOLUTIONS: Sequence[int | None] = range(3, 11)
"""ADC bits of the shipped spaces; one execution gives the noise at all of them."""

SUFFIX = ".noise"
"""Suffix of stored files: an array of type `STORED` after a checksum."""
STORED = np.dtype("<f8")


def cache_folder() -> Path:
    """Folder for results that can be computed again: IMCMOO_CACHE, or a default."""
    named = os.environ.get("IMCMOO_CACHE")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else usual / "imcmoo"


@dataclass(frozen=True)
class CircuitNoise:
    """Noise of layers; pass it as `circuit_noise` or `own_noise` with accuracy data.

    Args:
        folder: folder for stored results. If None, nothing is stored.
        by_columns: True for the closed form with the columns of all stored vectors, False for
            execution on a simulated chip.
    """

    folder: Path | None
    by_columns: bool = False

    def __call__(self, data: AccuracyData, chip: Circuit) -> Floats:
        """Noise over signal of ADCs and cells of each layer of a chip, shape (2, L)."""
        if chip.rows % chip.active_rows == 0:  # then all blocks have as many rows
            chip = replace(chip, rows=chip.active_rows)
        if self.folder is None:
            return self._worked_out(data, chip, [chip.adc_bits])[0]
        noise = self._stored(data, chip)
        if noise is not None:
            return noise
        # All eight take 1.1 to 2.4 times the time of one on MiniLM; windows of least error are
        # chosen one resolution after the other anyway.
        bits = RESOLUTIONS if chip.adc_bits in RESOLUTIONS else [chip.adc_bits]
        by_bits = dict(zip(bits, self._worked_out(data, chip, bits), strict=True))
        for each, values in by_bits.items():
            key = self._key(data, replace(chip, adc_bits=each))
            with suppress(OSError):  # a folder that cannot be written stores nothing
                self.folder.mkdir(parents=True, exist_ok=True)
                write_sealed(self.folder / f"{key}{SUFFIX}", key, values.astype(STORED).tobytes())
        return by_bits[chip.adc_bits]

    def _stored(self, data: AccuracyData, chip: Circuit) -> Floats | None:
        """Stored noise of a chip, shape (2, L); None if there is none or it is damaged."""
        assert self.folder is not None
        key, layers = self._key(data, chip), len(data.layers)
        size = 2 * layers * STORED.itemsize
        content = read_sealed(self.folder / f"{key}{SUFFIX}", key, at_most=size)
        if content is None or len(content) != size:
            return None
        noise = np.frombuffer(content, STORED).reshape(2, layers).astype(np.float64)
        return noise if np.isfinite(noise).all() and (noise >= 0).all() else None

    def _worked_out(self, data: AccuracyData, chip: Circuit, bits: Sequence[int | None]) -> Floats:
        """Noise at several ADC resolutions, shape (B, 2, L)."""
        return (_of_columns if self.by_columns else _executed)(data, chip, bits)

    def _key(self, data: AccuracyData, chip: Circuit) -> str:
        """Digest of the stamp of the noise of a chip; also the name of its file."""
        versions = {"execution of layers": VERSION}
        if self.by_columns:
            versions = {"noise by columns": COLUMNS_VERSION}
        stamp = Stamp({"versions": versions, "data": data.fingerprint, "settings": repr(chip)})
        return stamp.digest()


def _executed(data: AccuracyData, chip: Circuit, bits: Sequence[int | None]) -> Floats:
    """Noise of one simulated chip at several ADC resolutions, shape (B, 2, L)."""
    # Imported here: it takes a second, and is not needed if all circuits are stored.
    with accuracy_packages():
        from imcmoo.accuracy.lowering import MappedLayer
        from imcmoo.accuracy.simulation import Calibration, SimulatedLayer

    def of_layer(stored: LayerData) -> list[tuple[float, float]]:
        # Outside a network only the name and weights of a layer matter.
        mapped = MappedLayer(
            stored.name, stored.name, "", "", stored.weights.astype(np.float64), bias=None
        )
        vectors = stored.vectors[:, :VECTORS]
        layer = SimulatedLayer(mapped, chip, Calibration(stored.lowest, stored.highest, vectors))
        layer.program(SEED)
        return layer.at_resolutions(bits)

    return np.array(spread(of_layer, data.layers)).transpose(1, 2, 0)


def _of_columns(data: AccuracyData, chip: Circuit, bits: Sequence[int | None]) -> Floats:
    """Noise by the closed form at several ADC resolutions, shape (B, 2, L)."""
    alike = replace(chip.without_errors(), weight_clip=chip.weight_clip)
    alike = replace(alike, cell_errors=chip.cell_errors, redundancy=1)
    alike = replace(alike, adc_window="sigma", window_sigmas=4.0)

    def of_layer(statistics: Statistics) -> Floats:
        parts = noise_of_circuits(statistics, [chip], np.array(bits))
        return np.stack([part.sum(axis=(1, 2)) for part in parts], axis=1)

    return np.stack(spread(of_layer, _own_statistics(data, alike)), axis=2)


@lru_cache(maxsize=2)
def _own_statistics(data: AccuracyData, chip: Circuit) -> list[Statistics]:
    """Statistics of each layer, for circuits that share the sums of their row blocks."""
    with accuracy_packages():
        from imcmoo.accuracy.own_statistics import layer_statistics

    return spread(lambda e: layer_statistics(e.weights.astype(np.float64), e, chip), data.layers)
