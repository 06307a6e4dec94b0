"""Records of a study: the stamps of its answers and runs, and the command that repeats a run."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.machines import LIBRARIES
from imcmoo.io.reading import read_toml
from imcmoo.io.stamp import Stamp
from imcmoo.problem.criteria import AREA, NAMED
from imcmoo.problem.identity import problem_stamp
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.study.algorithm import AlgorithmName
from imcmoo.study.catalogue import find_study, named_study, names
from imcmoo.study.devices import DATA, Kinds
from imcmoo.study.study import SNR_LIMITS, Study
from imcmoo.study.study_file import STUDY, read_study
from imcmoo.version import __version__

CERTIFIED, ENUMERATED, SEARCHED = "certified", "enumerated", "searched"
"""How an answer is found."""

COMMAND, STAMP, HOW = "command", "stamp", "how"
"""Keys of a config that are no settings of the study."""


def run_config(study: Study, how: str = SEARCHED) -> dict[str, Any]:
    """Everything needed to repeat a run, for `config.json`: its settings, command and stamp.

    Args:
        study: the study.
        how: how its answer is found, see `Answer.how`.
    """
    versions = {"imcmoo": __version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in LIBRARIES}
    networks = study.network_set()
    parts: dict[str, Any] = {
        "networks": networks.fingerprint,
        "each network": networks.fingerprints,
    }
    stamp = problem_stamp(study.problem(), versions=versions, **parts)
    config = {**study.to_config(), COMMAND: command(study, how), STAMP: stamp.to_json()}
    return config if how == SEARCHED else {**config, HOW: how}


def stamp_in(config: Mapping[str, object]) -> dict[str, Any]:
    """The stamp of a run that its config holds; empty if the config is of an older version."""
    stamp = config.get(STAMP)
    settings = {key: value for key, value in config.items() if key not in (COMMAND, STAMP, HOW)}
    return {**stamp, "settings": settings} if isinstance(stamp, Mapping) else {}


def stamp_of_answers(study: Study) -> Stamp:
    """Stamp of the exact answer and the certificates of a study."""
    networks: dict[str, Any] = {"each network": study.network_set().fingerprints}
    return problem_stamp(study.problem(), settings=study_settings(study), **networks)


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


VERBS = {SEARCHED: "run", CERTIFIED: "certify", ENUMERATED: "enumerate"}
"""Commands that find an answer, by how they do."""


def command(study: Study, how: str = SEARCHED) -> str:
    """The command line that repeats an answer; `how` as of `Answer`."""
    # Without the folders, which are of one machine.
    parts = [f"imcmoo {VERBS[how]} {Path(study.file).name if study.file else study.name}"]
    if how == SEARCHED:
        parts.append(f"--seed {study.seed} --budget {study.budget}")
    if how != ENUMERATED or ":" in study.criterion:
        parts.append(f"--criterion {study.criterion}")
    if how == SEARCHED and not study.baselines:
        parts.append("--no-baselines")
    if how == SEARCHED and study.algorithm:
        parts.append(f"--algorithm {shlex.quote(study.algorithm)}")
    if study.area_limit_m2 is not None:
        limit = np.format_float_positional(study.area_limit_mm2, trim="-")
        parts.append(f"--area-limit {limit}")
    if study.deployment != "alone":
        parts.append(f"--deployment {study.deployment}")
    parts += [f"--assume {name}={value!r}" for name, value in (study.assumptions or {}).items()]
    return " ".join(parts)


SETTINGS = ("criterion", "deployment", "baselines", "seed", "budget")
"""Settings of a study that a command line may change, besides the area limit."""


STUDY_PARTS = ("settings", "each network", "networks", "data", "space", "question", "own code")
"""Parts of the stamp of a run that its study must have to explain it."""


def study_of_run(
    folder: Path, config: Mapping[str, object], name: str | None, kinds: Kinds = DATA
) -> Study:
    """The study of a run with the settings of the run.

    Args:
        folder: folder of the run.
        config: its config.
        name: name or file of the study. If None, a known study of the name in `config`, or the
            study file in the folder.
        kinds: classes of the study, if it is found by the name in `config`.

    Raises:
        InputError: there is no such study, it has changed, or the folder names a criterion in a
            module that the study does not.
    """
    ordinary = ordinary_study(folder, str(config["study"]), name, kinds)
    check_trusted(str(config.get("criterion")), ordinary, folder)
    return with_settings_of_run(ordinary, folder, config)


def ordinary_study(
    folder: Path, stored: str, name: str | None = None, kinds: Kinds = DATA
) -> Study:
    """The study of a folder of results, without the settings of a command line.

    Args:
        folder: the folder.
        stored: name of the study in a file of the folder, `NAME/DEVICE` for one of a list.
        name: name or file of the study. If None, a known study of the stored name, or the study
            file in the folder.
        kinds: classes of the study, if it is found by the stored name.

    Raises:
        InputError: there is no such study, or its file in the folder names code.
    """
    if name is not None:
        return find_study(name, stored)
    own = folder / STUDY
    if stored.partition("/")[0] in names() or not own.is_file():
        with input_errors(f"{folder}: ", InputError):
            return named_study(stored, kinds)
    check_runs_no_code(own)
    read = read_study(own, kinds=kinds)
    assert isinstance(read, Study), "an answer is of one study"
    return read.replace(algorithm=AlgorithmName.stored(read.algorithm))


def with_settings_of_run(ordinary: Study, folder: Path, config: Mapping[str, object]) -> Study:
    """A study with the settings of a run.

    Args:
        ordinary: the study with any settings that a command line may change.
        folder: folder of the run.
        config: its config.

    Raises:
        InputError: the run is of another study of this name; says what differs.
    """
    damaged = f"{folder}/config.json is not the config of a run: "
    with input_errors(damaged, (KeyError, TypeError, ValueError)):
        study = ordinary.with_settings(config, SETTINGS)
    stamp = Stamp(stamp_in(run_config(study))).only(*STUDY_PARTS)
    if differs := stamp.difference(stamp_in(config)):
        raise InputError(f"{folder} does not fit the study {ordinary.name}: it is of {differs}")
    return study


def check_runs_no_code(path: Path) -> None:
    """Check that a study file of a folder of results names no code of its own.

    Raises:
        InputError: it does, or is no study file.
    """
    with input_errors():
        content = read_toml(path)
    score = content.get("score")
    named = [content.get(key) for key in ("model", "criterion", "second_criterion")]
    named += [*score.values()] if isinstance(score, dict) else [score]
    if code := next((text for text in named if isinstance(text, str) and ":" in text), None):
        raise InputError(
            f"{path} names {code}, which would run code: give --study, a file with the same, if "
            "you trust it"
        )


def check_trusted(criterion: str, study: Study, path: Path) -> None:
    """Check that no module is imported only because a file of results names it.

    Raises:
        InputError: the criterion of the file at `path` is `module:name`, and not that of the study.
    """
    if ":" in criterion and criterion != study.criterion:
        raise InputError(
            f"{path} names the criterion {criterion}, whose module would run code: give --study, a "
            "file with this criterion, if you trust it"
        )
