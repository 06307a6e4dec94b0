"""Data from which accuracy is predicted, measured with a progress bar."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imcmoo.cli.terminal import counted
from imcmoo.io.checksums import sha256
from imcmoo.networks.accuracy_data import AccuracyData

if TYPE_CHECKING:
    from imcmoo.accuracy.assess import Assessment


def measure_all(
    assessment: Assessment, *, folder: Path = Path(), quiet: bool = False
) -> AccuracyData:
    """Accuracy data of a network with its samples; both are named relative to a folder."""
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
