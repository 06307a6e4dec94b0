"""Records of a study: the stamps of its answers and runs, and the command that repeats a run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.machines import LIBRARIES
from imcmoo.io.stamp import Stamp
from imcmoo.problem.criteria import AREA, NAMED
from imcmoo.problem.identity import stamp_of
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.study.study import SNR_LIMITS, Study
from imcmoo.version import __version__

COMMAND, STAMP = "command", "stamp"
"""Keys of a config that are no settings of the study."""


def config(study: Study) -> dict[str, Any]:
    """Everything needed to repeat a run, for `config.json`: its settings, command and stamp."""
    versions = {"imcmoo": __version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in LIBRARIES}
    networks = study.network_set()
    parts: dict[str, Any] = {
        "networks": networks.fingerprint,
        "each network": networks.fingerprints,
    }
    stamp = stamp_of(study.problem(), versions=versions, **parts)
    return {**study.to_config(), COMMAND: command(study), STAMP: stamp.to_json()}


def stamp_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """The stamp of a run that its config holds; empty if the config is of an older version."""
    stamp = config.get(STAMP)
    settings = {key: value for key, value in config.items() if key not in (COMMAND, STAMP)}
    return {**stamp, "settings": settings} if isinstance(stamp, Mapping) else {}


def stamp_of_answers(study: Study) -> Stamp:
    """Stamp of the exact answer and the certificates of a study."""
    networks: dict[str, Any] = {"each network": study.network_set().fingerprints}
    return stamp_of(study.problem(), settings=study_settings(study), **networks)


REPLACE = "choose another folder with out= (--out), or replace it with force=True (--force)"
"""What the user can do where the results of another study stand."""


QUESTION = ("settings", "each network", "space", "data")
"""Parts of a stamp that say what a study asks; versions and code say how it was answered."""


def other_question(study: Study, stored: object) -> str:
    """Name how the study of a stored answer or certificate differs from one of the same name.

    Args:
        study: the study that wants to write.
        stored: the stamp in the file.
    """
    return stamp_of_answers(study).only(*QUESTION).difference(stored)


OPTIONAL_SETTINGS = (
    *("limits", "score", "scenario", *SNR_LIMITS),
    *("delay", "area", "images", "tolerance", "assumptions"),
)
"""Settings that studies may have; left out where there are none."""


def study_settings(study: Study) -> dict[str, Any]:
    """Settings that distinguish the problems of a study.

    All criteria of the registry are answered at once, a user's criterion only on request."""
    asked = study.to_config()
    # Studies without a scenario have this criterion only on request.
    is_answered = study.criterion in (*NAMED, SCORE) and (study.criterion != AREA or study.scenario)
    return {
        **{name: asked[name] for name in ("study", "model", "area_limit_mm2", "deployment")},
        "criterion": None if is_answered else study.criterion,
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
    parts += [f"--assume {name}={value!r}" for name, value in (study.assumptions or {}).items()]
    return " ".join(parts)
