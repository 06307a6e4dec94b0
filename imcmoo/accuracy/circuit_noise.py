"""Noise of the layers of a network in an analog circuit, worked out once and kept on disk."""

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

VERSION = 2
"""To be raised when the execution of layers changes, so that kept results are not used."""
VECTORS = 128
"""Calibration vectors that a layer is executed on."""
SEED = 0
RESOLUTIONS: Sequence[int | None] = range(3, 11)
"""ADC bits of the shipped spaces, whose noise is found together."""


def cache_folder() -> Path:
    """Folder for results that can be worked out again: IMCMOO_CACHE, or one of the user's."""
    named = os.environ.get("IMCMOO_CACHE")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else usual / "imcmoo"


@dataclass(frozen=True)
class CircuitNoise:
    """Implements `imcmoo.model.physical.predicted_accuracy.CircuitNoise`; keeps results by content
    in a folder, if it has one."""

    folder: Path | None

    def __call__(self, data: AccuracyData, chip: Circuit) -> Floats:
        """Noise over signal of ADCs and cells of each layer of a chip, shape (2, L)."""
        if chip.rows % chip.active_rows == 0:  # then all blocks have as many rows
            chip = replace(chip, rows=chip.active_rows)
        asked = chip.adc_bits
        if self.folder is None:
            return _executed(data, chip, [asked])[0]
        # Reading costs far more than converting what is read.
        bits = RESOLUTIONS if asked in RESOLUTIONS else [asked]
        content = repr((VERSION, data.fingerprint, replace(chip, adc_bits=bits[0]), len(bits)))
        file = self.folder / f"{hashlib.sha256(content.encode()).hexdigest()}.npy"
        shape = (len(bits), 2, len(data.layers))
        kept = _kept(file, shape)
        if kept is None:
            kept = _executed(data, chip, bits)
            with suppress(OSError):  # a folder that cannot be written keeps nothing
                file.parent.mkdir(parents=True, exist_ok=True)
                with replacing(file) as temporary, temporary.open("wb") as stream:
                    np.save(stream, kept)
        found: Floats = kept[bits.index(asked)]
        return found


def _executed(data: AccuracyData, chip: Circuit, bits: Sequence[int | None]) -> Floats:
    """The noise of one simulated chip with ADCs of some resolutions, shape (B, 2, L)."""
    # Loading these takes a second, which a study whose circuits are all kept need not spend.
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


def _kept(file: Path, shape: tuple[int, ...]) -> Floats | None:
    """A kept result; None if there is none, or a damaged one."""
    try:
        found: Floats = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.shape == shape and found.dtype == np.float64 else None
