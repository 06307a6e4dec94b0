"""Memory cells: NVSim cell files, as NeuroSim reads them through hwcomponents.

A cell file has a line `-Key: value` per property. The shipped cells, `rram.cell` and `sram.cell`,
are those of the paper's stack (github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC).
"""

from __future__ import annotations

import math
import re
from importlib.resources import files
from pathlib import Path

from imcmoo.io.errors import InputError, did_you_mean_or_known

_WORDS = {
    "-AccessType": ("CMOS", "None"),
    "-ReadMode": ("current", "voltage"),
    "-DeviceRoadmap -1LP 1HP 2LSTP": ("-1", "1", "2"),
}
"""Properties that are no quantities, and their allowed values."""

_MAY_BE_ZERO = ("-MinSenseVoltage (mV)", "-CellCapacitanceAdjust (F)")

_NUMBER = re.compile(r"\d+(\.\d*)?([eE]-?\d+)?", re.ASCII)
"""Numbers that the library reads fully: no plus sign, no leading dot."""

_LINE = re.compile(r"(-[^:]+?)\s*:\s*(\S+)")


def cell_file(device: str) -> str:
    """Text of the shipped cell file of a device."""
    return (files("imcmoo.hardware") / f"{device}.cell").read_text(encoding="utf-8")


def read_cell(path: Path, device: str) -> str:
    """Read a user's cell; properties are returned in the order of the shipped file.

    NeuroSim silently replaces missing properties and ignores unknown ones, so a file must have
    exactly the properties of the shipped cell. Lines starting with // or # and empty lines are
    ignored.

    Args:
        path: path of the cell file.
        device: shipped cell that it replaces: rram for all resistive cells, or sram.

    Raises:
        InputError: the file is no such cell; lists all faults in one line.
        OSError: the file cannot be read.
    """
    try:
        properties = _properties(path.read_text(encoding="utf-8"))
        faults = _faults(properties, device)
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file, but a cell file is needed") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    if faults:
        raise InputError(f"{path}: {'; '.join(faults)}")
    return "".join(f"{key}: {properties[key]}\n" for key in _properties(cell_file(device)))


def _properties(text: str) -> dict[str, str]:
    properties: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("//", "#")):
            continue
        parts = _LINE.fullmatch(stripped)
        if parts is None:
            raise ValueError(f"line {number} is not '-Key: value'")
        key, value = parts.groups()
        if key in properties:
            raise ValueError(f"line {number}: {key} is there twice")
        properties[key] = value
    return properties


def _faults(cell: dict[str, str], device: str) -> list[str]:
    shipped = _properties(cell_file(device))
    keys = list(shipped)
    lacking = [key for key in keys if key not in cell]
    faults = [f"lacks {', '.join(lacking)}"] if lacking else []
    for key, value in cell.items():
        if key not in keys:
            faults.append(f"NeuroSim does not read {key}; {did_you_mean_or_known(key, keys)}")
        elif key == "-MemCellType":
            if (value == "SRAM") != (shipped[key] == "SRAM"):
                faults.append(f"{key} {value} is not a cell of {device}")
        elif key in _WORDS:
            if value not in _WORDS[key]:
                faults.append(f"{key} {value} is not one of {', '.join(_WORDS[key])}")
        elif not _NUMBER.fullmatch(value) or not (
            0 < float(value) < math.inf or (float(value) == 0 and key in _MAY_BE_ZERO)
        ):
            faults.append(f"{key} {value} is not a positive number such as 0.5 or 6e3")
    return faults or _too_narrow(cell)


def _too_narrow(cell: dict[str, str]) -> list[str]:
    """Fault if the access transistor is wider than its cell: NeuroSim fails."""
    area, aspect, access = (
        float(cell[key]) for key in ("-CellArea (F^2)", "-CellAspectRatio", "-AccessCMOSWidth (F)")
    )
    width = math.sqrt(area / aspect)
    if cell["-AccessType"] == "None" or access <= width:
        return []
    return [
        f"-AccessCMOSWidth (F) {access:g} is wider than the cell: sqrt(area / aspect ratio) is "
        f"{width:.3g} F"
    ]
