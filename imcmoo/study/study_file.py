"""Read a study file: an ordinary study, or one that lists devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imcmoo.hardware.physical_table import OPEN
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.reading import read_toml
from imcmoo.networks.workloads import is_path
from imcmoo.study.devices import DATA, Kinds, StudyOfDevices
from imcmoo.study.faults import unknown_key
from imcmoo.study.study import Study, keys_of_tables
from imcmoo.study.table import is_file

STUDY = "study.toml"
"""File of the study, in the folder of an answer."""


def read_study(path: Path, *, shipped: bool = False, kinds: Kinds = DATA) -> Study | StudyOfDevices:
    """Read a study file.

    Args:
        path: path of the TOML file. Paths in it are relative to its folder.
        kinds: classes of the study.
        shipped: True for a study of the catalogue, which is called by name and not checked again.

    Raises:
        InputError: the file cannot be read, or has faults; one line per fault.
    """
    try:
        with input_errors():
            content = read_toml(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    if name := next((n for n in ("file", "failed") if n in content), None):
        raise InputError(f"{path}: {name}: {unknown_key(name, keys_of_tables()[''])}")
    try:
        keys = {**_paths_from(path.parent, content), "file": None if shipped else str(path)}
        study = kinds.study_of(keys)
        if not shipped:
            study = study.each(_checked_model)
    except ValueError as error:
        raise InputError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None
    return study


def _paths_from(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Content of a study file with paths relative to the working directory."""
    networks = content.get("networks")
    if isinstance(networks, list):
        content["networks"] = [_paths_of_network(folder, network) for network in networks]
    if isinstance(content.get("components"), str) and content["components"] != OPEN:
        content["components"] = str(folder / content["components"])
    calibration = content.get("calibration")
    if isinstance(calibration, str) and is_file(calibration):
        content["calibration"] = str(folder / calibration)
    return content


def _paths_of_network(folder: Path, network: object) -> Any:
    if isinstance(network, str):
        network = {"source": network}
    if not isinstance(network, dict):
        return network
    source, accuracy = network.get("source"), network.get("accuracy")
    if isinstance(source, str) and is_path(source):
        network["source"] = str(folder / source)
    if isinstance(accuracy, str):
        network["accuracy"] = str(folder / accuracy)
    return network


def _checked_model(study: Study) -> Study:
    """The study, whose cost model can be built for its space."""
    costs = study.cost_per_cm2
    if costs:
        lacking = [n for n in study.space.values_of("technology_nm") if n not in costs]
        if lacking:
            there = ", ".join(map(str, costs))
            raise ValueError(f"cost: none at {lacking[0]} nm; there are {there}")
    study.problem()
    return study
