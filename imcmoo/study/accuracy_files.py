"""Accuracy data of the networks of a study, and what executes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imcmoo.io.checksums import sha256
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import WorkloadSet


@dataclass(frozen=True)
class AccuracyFile:
    """Accuracy data of a network and the drop of its score that a study allows.

    Args:
        path: of `imcmoo import --data`.
        max_drop: largest drop below the float score; None for no limit.
    """

    path: str
    max_drop: float | None = None

    def to_config(self) -> dict[str, Any]:
        """The settings as JSON values, with a digest in place of the folder."""
        path = Path(self.path)
        return {"file": path.name, "sha256": sha256(path), "max_accuracy_drop": self.max_drop}


def accuracy_options(files: Mapping[str, AccuracyFile], networks: WorkloadSet) -> dict[str, Any]:
    """Options of a cost model that predicts accuracy, from the files of networks by name.

    Raises:
        ValueError: a file that is none of `imcmoo import --data`, or of another network.
        OSError: a file cannot be read.
    """
    # Studies of the reference model need none of the physical one.
    from imcmoo.accuracy.circuit_noise import CircuitNoise, cache_folder

    data = {name: AccuracyData.read(Path(file.path)) for name, file in files.items()}
    for network in networks.workloads:
        if network.name in data and not data[network.name].fits(network):
            raise ValueError(
                f"{files[network.name].path} is of another network than {network.name}"
            )
    limits = {name: file.max_drop for name, file in files.items() if file.max_drop is not None}
    return {
        "accuracy": data,
        "max_accuracy_drop": limits or None,
        "circuit_noise": CircuitNoise(cache_folder()),
    }
