"""Records of a study: the settings of its answers, the command and versions of its runs."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.machines import LIBRARIES
from imcmoo.io.own_code import own_code
from imcmoo.model import registry
from imcmoo.problem.criteria import NAMED
from imcmoo.problem.identity import ENUMERATION_VERSION
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.study.study import Study
from imcmoo.version import __version__


def config(study: Study) -> dict[str, Any]:
    """Everything needed to repeat a run, for `config.json`; holds no time or place."""
    digest = "" if study.model == "reference" else study.cost_model().data_digest
    table = {} if digest else {"component_table": ComponentTable.load(study.components).fingerprint}
    return {
        **study.to_config(),
        "command": command(study),
        **({"model_data": digest} if digest else table),
        "networks": study.network_set().fingerprint,
        "versions": {
            "imcmoo": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
            "scores": ENUMERATION_VERSION,
            **{f"{name} model": n for name, n in registry.versions(study.model).items()},
        },
        "own_code": own_code(study.own_modules),
    }


OPTIONAL_SETTINGS = ("limits", "score", "scenario", "compute_snr_limit_dB")
"""What studies may have of their own; left out of a summary where there is none."""


def study_settings(study: Study) -> dict[str, Any]:
    """Settings that distinguish the problems of a study, for the summary of its exact answer.

    All criteria of the registry are answered at once, a user's criterion only on request."""
    asked = study.to_config()
    return {
        **{name: asked[name] for name in ("study", "area_limit_mm2", "deployment")},
        "criterion": None if study.criterion in (*NAMED, SCORE) else study.criterion,
        "weights": asked["weights"],
        **{name: asked[name] for name in OPTIONAL_SETTINGS if asked.get(name)},
    }


def command(study: Study) -> str:
    """The command line that repeats a run."""
    parts = [
        # Without the folders, which are of one machine.
        f"imcmoo run {Path(study.file).name if study.file else study.name}",
        f"--seed {study.seed} --budget {study.budget} --criterion {study.criterion}",
    ]
    if not study.baselines:
        parts.append("--no-baselines")
    if study.area_limit_m2 is not None:
        limit = np.format_float_positional(study.area_limit_mm2, trim="-")
        parts.append(f"--area-limit {limit}")
    if study.deployment != "alone":
        parts.append(f"--deployment {study.deployment}")
    return " ".join(parts)
