"""Studies and spaces known to commands: by name, by file, and by the folder of a run.

Installed packages offer studies by entry points of the group `imcmoo.studies`, and spaces for
`imcmoo evaluate` by `imcmoo.spaces`; each names a dictionary.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from imcmoo.io.errors import InputError, did_you_mean, input_errors
from imcmoo.io.named import find_modules_in
from imcmoo.space.design_space import DesignSpace
from imcmoo.study.devices import DATA, Kinds, StudyOfDevices
from imcmoo.study.spaces import device_spaces, folder, offered
from imcmoo.study.study import Study
from imcmoo.study.study_file import STUDY, read_study


def shipped_names() -> list[str]:
    """Names of the shipped studies, which are those of their files, in alphabetical order."""
    return sorted(path.stem for path in (folder() / "studies").glob("*.toml"))


@cache
def shipped_study(name: str, kinds: Kinds = DATA) -> Study:
    """The shipped study of a name; the others are not read, nor their cost models imported."""
    read = read_study(folder() / "studies" / f"{name}.toml", shipped=True, kinds=kinds)
    assert isinstance(read, Study), "shipped studies are of one device each"
    return read


def shipped_studies(kinds: Kinds = DATA) -> dict[str, Study]:
    """Every shipped study by name, in alphabetical order."""
    return {name: shipped_study(name, kinds) for name in shipped_names()}


def studies() -> dict[str, Study | StudyOfDevices]:
    """All known studies, by name."""
    return {**shipped_studies(), **offered("imcmoo.studies")}


def names() -> list[str]:
    """Names of all known studies."""
    return list(dict.fromkeys([*shipped_names(), *offered("imcmoo.studies")]))


def spaces() -> dict[str, DesignSpace]:
    """Largest space of each device, by name."""
    return {**device_spaces(), **offered("imcmoo.spaces")}


def find(name: str, kinds: Kinds = DATA) -> Study | StudyOfDevices:
    """Find a study by name, by the path of a file (ends in .toml or has a folder), or by the folder
    of an answer, which holds its file.

    Modules that the file or a command line names are also found in its folder.

    Args:
        name: name or path.
        kinds: classes of the study.

    Raises:
        InputError: the name is unknown (names the known ones), or the file has faults, one line
            each.
    """
    path = Path(name)
    if name not in names():
        path = path / STUDY if (path / STUDY).is_file() else path
        if path.suffix == ".toml" or path.name != name:
            find_modules_in(path.parent)
            return read_study(path, kinds=kinds)
    return named(name, "the path of a .toml file", kinds)


def find_study(name: str, device_study: str = "") -> Study:
    """Find a study of one device; see `find`.

    Args:
        name: name or file of the study.
        device_study: name of the study of a device, such as `edge/sram`; needed if the study lists
            devices.

    Raises:
        InputError: see `find`, or the study lists devices and none of them has this study.
    """
    return _of_one_device(find(name), device_study)


def named(
    name: str, otherwise: str = "its file by --study FILE.toml", kinds: Kinds = DATA
) -> Study | StudyOfDevices:
    """Find a study by a name from a file of results; never reads a study file, which can run code.

    Args:
        name: name of the study.
        otherwise: what else the user can give, for the message.
        kinds: classes of the study.

    Raises:
        InputError: the name is unknown; names the known ones and `otherwise`.
    """
    others = offered("imcmoo.studies")
    if name in others:
        study: Study | StudyOfDevices = others[name]
        return study
    if name in shipped_names():
        return shipped_study(name, kinds)
    listed = names()
    hint = did_you_mean(name, listed, most=3)
    raise InputError(f"unknown study '{name}'; {hint}known: {', '.join(listed)}, or {otherwise}")


def named_study(name: str, kinds: Kinds = DATA) -> Study:
    """Find the study of one device by a name from a file of results; see `named`.

    Raises:
        InputError: the name is unknown; names the known ones.
    """
    return _of_one_device(named(name.partition("/")[0], kinds=kinds), name)


def _of_one_device(study: Study | StudyOfDevices, device_study: str) -> Study:
    """The study itself, or that of a device by its name."""
    if isinstance(study, Study):
        return study
    if not device_study:
        raise InputError(
            f"study {study.name} lists devices ({', '.join(study.devices)}), which this command "
            "does not take; give a study of one device"
        )
    with input_errors():
        return study.of_device(device_study)
