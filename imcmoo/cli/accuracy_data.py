"""Data from which accuracy is predicted: measured, and where its file is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imcmoo.cli.progress import counted
from imcmoo.io.checksums import sha256
from imcmoo.io.errors import InputError
from imcmoo.networks.accuracy_data import AccuracyData

if TYPE_CHECKING:
    from imcmoo.accuracy.assess import Assessment


def accuracy_file(table: Path) -> Path:
    """The file beside a network's table: NET.accuracy.npz beside NET.csv."""
    return table.with_name(f"{table.name.removesuffix('.csv')}.accuracy.npz")


@contextmanager
def accuracy_packages() -> Iterator[None]:
    """Say which package is missing where networks are executed.

    Raises:
        InputError: a package of the extra `accuracy` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("onnx", "onnxruntime", "numba"):
            raise
        raise InputError(
            f"simulating networks needs the package {error.name}: pip install 'imcmoo[accuracy]'"
        ) from None


def measured_accuracy(
    network: Path, data: Path, metric: str, output: str | None, *, seed: int = 0
) -> AccuracyData:
    """Accuracy data of a network.

    Args:
        network: the ONNX file.
        data: labelled samples.
        metric, output: how they are scored, as in `Assessment`.
        seed: of all noise.

    Raises:
        InputError: raised by `Assessment`, or a package is missing.
    """
    with accuracy_packages():
        from imcmoo.accuracy.assess import Assessment

    return measure_all(Assessment(network, data, metric=metric, output=output, seed=seed))


def measure_all(assessment: Assessment, *, quiet: bool = False) -> AccuracyData:
    """Accuracy data of a network with its samples, with a progress bar."""
    from imcmoo.accuracy.sensitivity import measure, steps

    about = {
        "network_sha256": sha256(assessment.path),
        "data_sha256": sha256(assessment.data_file),
        "metric": assessment.metric_name,
        "output": assessment.network.output,
        "seed": assessment.seed,
    }
    with counted("measured", steps(assessment), quiet=quiet) as advance:
        return measure(assessment, about=about, after_each=advance)
