"""The folder of an answer under uncertain costs: its files, and what others read in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.answers.drawn_device import device_name
from imcmoo.answers.provenance import REPLACE, other_question, stamp_of_answers
from imcmoo.exact.certificate import FILE
from imcmoo.io.checksums import check_sums
from imcmoo.io.errors import InputError
from imcmoo.io.reading import read_json
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.study_file import STUDY

ASSUMPTIONS, DRAWS, CHIPS, REGRET = "assumptions.csv", "draws.csv", "chips.csv", "regret.csv"
DEVICES, INFORMATION, CONFIG = "devices.csv", "information.csv", "config.json"

FILES = (ASSUMPTIONS, DRAWS, CHIPS, REGRET, DEVICES, INFORMATION, FILE, CONFIG, STUDY)
"""Files of an answer whose checksums are written."""

FOLDER = "robust"
"""Folder of these answers below that of all results."""


def robust_folder(name: str, out: Path) -> Path:
    """Folder of the robust answer of a study, by its name."""
    return out / FOLDER / name


def is_of_robust(folder: Path) -> bool:
    """True if the certificate of a folder is of a robust answer."""
    try:
        return "draws_sha256" in read_json(folder / FILE)
    except (OSError, TypeError, ValueError):
        return False


def refuse_robust(folder: Path) -> None:
    """Check that a folder to be shown as one chip is not of a robust answer.

    Raises:
        InputError: it is; names the files to look at.
    """
    if is_of_robust(folder):
        raise InputError(
            f"{folder} is of a robust chip, which has no report; its results are in {CHIPS}, "
            f"{REGRET}, {INFORMATION} and figures there"
        )


def check_replaceable(study: Study | StudyOfDevices, folder: Path, *, quick: bool = False) -> None:
    """Check that a folder holds no answer of a different study with the same name.

    Args:
        study: the study.
        folder: the folder.
        quick: the new answer proves few draws, so that it replaces none that proves all.

    Raises:
        InputError: it does; says what differs.
    """
    try:
        stamps = read_json(folder / CONFIG)["stamp"]
        stored = [stamps.get(device_name(one)) for one in study.studies]
    except (AttributeError, FileNotFoundError, KeyError, TypeError, ValueError):
        return  # nothing to lose
    for one, stamp in zip(study.studies, stored, strict=True):
        if differs := other_question(one, stamp):
            raise InputError(f"{folder} is of {differs}; {REPLACE}")
    if quick and _proves_all_draws(folder):
        raise InputError(
            f"{folder} holds an answer with all draws proven, and --quick proves fewer; {REPLACE}"
        )


def _proves_all_draws(folder: Path) -> bool:
    """True if an answer has a proof of each draw of each device, and is no quick one."""
    try:
        if "--quick" in read_json(folder / CONFIG)["command"].split():
            return False
        devices = read_json(folder / FILE)["devices"].values()
        return all(len(one["no_chip"]) == one["bound"].count(None) for one in devices)
    except (AttributeError, FileNotFoundError, KeyError, TypeError, ValueError):
        return False


def robust_note(study: Study, design: Mapping[str, object], out: Path) -> str:
    """Regret of a chip in the draws of a stored answer of the study, as text; empty if no stored
    answer has this chip.

    Args:
        study: the study, or that of a device of a list.
        design: value of each parameter of the chip.
        out: folder of all results.
    """
    name, _, listed = study.name.partition("/")
    folder, device = robust_folder(name, out), device_name(study)
    try:
        check_sums(folder, known=FILES, always=(CHIPS, REGRET, CONFIG), remedy="run it again")
        stamp = read_json(folder / CONFIG)["stamp"][device]
        chips, regrets = (pd.read_csv(folder / file) for file in (CHIPS, REGRET))
        chips, regrets = (table[table["device"] == device] for table in (chips, regrets))
        if stamp_of_answers(study).difference(stamp):
            return ""
        same = np.logical_and.reduce([chips[name] == design[name] for name in study.space.names])
        role = chips.loc[same, "chip"].iloc[0]
        draws = int((regrets["chip"] == role).sum())
        worst = float(chips.loc[same, "R95"].iloc[0])
    except (InputError, OSError, IndexError, KeyError, TypeError, ValueError):
        return ""
    kind = f"{listed} chip" if listed else "chip"
    return f"within {worst:.0%} of the best {kind} in 95 % of {draws} draws of the costs"
