"""Data from which accuracy is predicted: measured, and where its file is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imcmoo.accuracy import accuracy_packages
from imcmoo.cli.progress import counted
from imcmoo.io.checksums import sha256
from imcmoo.networks.accuracy_data import AccuracyData

if TYPE_CHECKING:
    from imcmoo.accuracy.assess import Assessment


def accuracy_file(table: Path) -> Path:
    """The file beside a network's table: NET.accuracy.npz beside NET.csv."""
    return table.with_name(f"{table.name.removesuffix('.csv')}.accuracy.npz")


def measured_accuracy(
    network: Path,
    data: Path,
    metric: str,
    output: str | None,
    *,
    folder: Path,
    seed: int = 0,
) -> AccuracyData:
    """Accuracy data of a network.

    Args:
        network: the ONNX file.
        data: labelled samples.
        metric, output: how they are scored, as in `Assessment`.
        folder: of the file they are written to; network and data are named relative to it.
        seed: of all noise.

    Raises:
        InputError: raised by `Assessment`, or a package is missing.
    """
    with accuracy_packages():
        from imcmoo.accuracy.assess import Assessment

    assessment = Assessment(network, data, metric=metric, output=output, seed=seed)
    return measure_all(assessment, folder=folder)


def measure_all(
    assessment: Assessment, *, folder: Path = Path(), quiet: bool = False
) -> AccuracyData:
    """Accuracy data of a network with its samples, with a progress bar.

    Args:
        assessment: the network with its samples.
        folder: network and data are named relative to it.
        quiet: show no progress.
    """
    from imcmoo.accuracy.sensitivity import measure, steps

    about = {
        "network": os.path.relpath(assessment.path, folder),
        "data": os.path.relpath(assessment.data_file, folder),
        "network_sha256": sha256(assessment.path),
        "data_sha256": sha256(assessment.data_file),
        "metric": assessment.metric_name,
        "output": assessment.network.output,
        "seed": assessment.seed,
    }
    with counted("measured", steps(assessment), quiet=quiet) as advance:
        return measure(assessment, about=about, after_each=advance)
