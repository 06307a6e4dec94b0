"""Noise of the layers of a network in an analog circuit, executed once and stored on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imcmoo.accuracy import accuracy_packages
from imcmoo.io.files import replacing
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.circuit import Circuit
from imcmoo.networks.accuracy_data import AccuracyData

VERSION = 3
"""To be raised when the execution of layers changes, so that stored results are not used."""
VECTORS = 128
"""Calibration vectors that a layer is executed on."""
SEED = 0
RESOLUTIONS: Sequence[int | None] = range(3, 11)
"""ADC bits of the shipped spaces. One execution gives the noise at all of them."""


def cache_folder() -> Path:
    """Folder for results that can be worked out again: IMCMOO_CACHE, or one of the user's."""
    named = os.environ.get("IMCMOO_CACHE")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else usual / "imcmoo"


@dataclass(frozen=True)
class CircuitNoise:
    """Implements `imcmoo.model.physical.predicted_accuracy.CircuitNoise`; stores results by
    content in a folder, if it has one."""

    folder: Path | None

    def __call__(self, data: AccuracyData, chip: Circuit) -> Floats:
        """Noise over signal of ADCs and cells of each layer of a chip, shape (2, L)."""
        if chip.rows % chip.active_rows == 0:  # then all blocks have as many rows
            chip = replace(chip, rows=chip.active_rows)
        if self.folder is None:
            return _executed(data, chip, [chip.adc_bits])[0]
        noise = _read(self.folder / _file(data, chip), len(data.layers))
        if noise is not None:
            return noise
        # All eight take 1.1 to 2.4 times the time of one on MiniLM, and 1.5 to 3.9 times with
        # "least_error", which compares ten windows at each resolution.
        bits = RESOLUTIONS if chip.adc_bits in RESOLUTIONS else [chip.adc_bits]
        by_bits = dict(zip(bits, _executed(data, chip, bits), strict=True))
        for each, values in by_bits.items():
            file = self.folder / _file(data, replace(chip, adc_bits=each))
            with suppress(OSError):  # a folder that cannot be written stores nothing
                file.parent.mkdir(parents=True, exist_ok=True)
                with replacing(file) as temporary, temporary.open("wb") as stream:
                    np.save(stream, values)
        return by_bits[chip.adc_bits]


def _file(data: AccuracyData, chip: Circuit) -> str:
    """Name of the file with the noise of a chip."""
    content = repr((VERSION, data.fingerprint, chip))
    return f"{hashlib.sha256(content.encode()).hexdigest()}.npy"


def _executed(data: AccuracyData, chip: Circuit, bits: Sequence[int | None]) -> Floats:
    """The noise of one simulated chip with ADCs of some resolutions, shape (B, 2, L)."""
    # Loading these takes a second, which a study whose circuits are all stored need not spend.
    with accuracy_packages():
        from imcmoo.accuracy.lowering import MappedLayer
        from imcmoo.accuracy.simulation import Calibration, SimulatedLayer

    noise = np.zeros((len(bits), 2, len(data.layers)))
    for at, stored in enumerate(data.layers):
        # Only name and weights matter to a layer that is not part of a network.
        mapped = MappedLayer(
            stored.name, stored.name, "", "", stored.weights.astype(np.float64), bias=None
        )
        vectors = stored.vectors[:, :VECTORS]
        layer = SimulatedLayer(mapped, chip, Calibration(stored.lowest, stored.highest, vectors))
        layer.program(SEED)
        noise[:, :, at] = layer.at_resolutions(bits)
    return noise


def _read(file: Path, layers: int) -> Floats | None:
    """The noise in a file; None if there is none, or a damaged one."""
    try:
        noise: Floats = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return noise if noise.shape == (2, layers) and noise.dtype == np.float64 else None
