"""The chips that imcmoo accuracy simulates: designs of a file or a line, with settings of a run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imcmoo.answers.results import CONFIG, FILES
from imcmoo.cli.arguments import whole
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.reading import read_json
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import (
    DEFAULTS,
    LIMITS,
    TEXTS,
    Designs,
    defaults_of,
)
from imcmoo.space.designs_csv import DesignsTable

if TYPE_CHECKING:
    pass


NEEDED = ("rows", "active_rows", "bits_per_cell", "input_slice_bits", "adc_bits")


OPTIONAL = ("weight_coding", "adc_window", "redundancy", "cell_errors", "adc_noise")


ANALOG = ("sigma", "read_sigma", "stuck_share", "adc_window", "redundancy")
"""Settings that a device with exact sums does not have."""


SETTINGS = (*ANALOG, "weight_clip", "input_bits", "weight_bits")
"""Fields of every chip that the command line can set."""


def requested_chips(args: argparse.Namespace) -> dict[int, Circuit]:
    """The chips of the designs that a command line names, by number of the design."""
    if (args.designs is None) == (args.design is None):
        raise InputError("give either --designs or --design")
    columns = args.design
    if args.designs is not None and args.designs.suffix != ".csv":
        columns = _read_design(args.designs)
    if columns is not None:
        made = _circuits(args, {name: np.array([value]) for name, value in columns.items()})
        return dict(enumerate(made))
    table = DesignsTable.read(args.designs)
    numbers: Sequence[int] = range(len(table.rows))
    if args.device and "device" in table.header:
        table, numbers = table.where("device", args.device)
    names = (*NEEDED, *OPTIONAL, "device")
    read = table.columns(names, {*TEXTS, "device"})
    # Parameters with one value are no columns of the tables of a run.
    fixed = (_config_beside(args.designs) or {}).get("fixed", {})
    read |= {
        name: np.full(len(table.rows), value)
        for name, value in fixed.items()
        if name in names and name not in read
    }
    chips = table.accepted(
        lambda rows: _circuits(args, {name: v[rows] for name, v in read.items()})
    )
    return dict(zip(numbers, chips, strict=True))


def settings_of_run(args: argparse.Namespace) -> Mapping[str, Any]:
    """Missing settings from the study of a run, by argument; empty for other designs."""
    config = _config_beside(args.designs)
    if config is None:
        return {}
    config_file = args.designs.parent / CONFIG
    try:
        settings = {
            name: {k: v for k, v in _settings(config, name).items() if getattr(args, k) is None}
            for name in config["workloads"]
        }
        first = next(iter(settings.values()))
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError):
        raise InputError(f"{config_file} is no record of a run, or damaged") from None
    name = args.network.stem
    if name not in settings and any(first != other for other in settings.values()):
        raise InputError(
            f"{args.network.name} is none of the networks of the run, whose settings differ: name "
            f"the file like its network; there are {', '.join(settings)}"
        )
    return settings.get(name, first)


def _config_beside(designs: Path | None) -> Any:
    """Content of the config of the run that a file of designs is of; None for other files."""
    config = designs.parent / CONFIG if designs else None
    if designs is None or config is None or designs.name not in FILES or not config.is_file():
        return None
    try:
        content = read_json(config)
        return {**content, "fixed": dict(content["fixed"])}
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{config} is no record of a run, or damaged") from None


def _settings(config: Mapping[str, Any], network: str) -> Mapping[str, Any]:
    """Settings of one network in the record of a run."""
    keys = ("precision", "weight_clip", "layers_digital")
    settings = {key: (config.get(key) or {}).get(network) for key in keys}
    inputs, weights = settings.pop("precision") or (None, None)
    return {"input_bits": inputs, "weight_bits": weights, **settings}


def _circuits(args: argparse.Namespace, columns: Mapping[str, Any]) -> list[Circuit]:
    devices = set(columns.get("device", ())) | ({args.device} if args.device else set())
    if len(devices) != 1 or not devices <= set(MEMORY_CELLS):
        names = " or ".join(MEMORY_CELLS)
        raise InputError(
            f"one device at a time, {names}, got {', '.join(sorted(devices))}: choose with --device"
            if devices
            else f"which device is it? give --device {names}"
        )
    device = MEMORY_CELLS[devices.pop()]
    missing = [name for name in NEEDED if name not in {*columns, *device.defaults}]
    if missing:
        raise InputError(f"no {', '.join(missing)}: a design of the physical model is needed")
    # The other columns of a design change no product.
    n = len(columns["rows"])
    others = {name: np.full(n, low) for name, (low, _) in LIMITS.items() if name not in DEFAULTS}
    others |= {name: np.zeros(n, np.int64) for name in TEXTS if name not in DEFAULTS}
    others |= {"voltage_V": np.ones(n), "technology_nm": np.full(n, 32)}  # all devices have them
    stated = {name: columns[name] for name in (*NEEDED, *OPTIONAL) if name in columns}
    if args.adc_noise is not None:
        stated["adc_noise"] = np.full(n, args.adc_noise)
    for name in ANALOG:
        if device.exact and getattr(args, name) is not None:
            option = name.replace("_", "-")
            raise InputError(f"--{option}: sums of {device.name} are exact, leave it out")
    with input_errors():
        designs = Designs.of_columns(
            others | stated, defaults=defaults_of(device.defaults, measured=True)
        )
        if args.sigma is not None and designs.cell_errors.any():
            raise InputError("--sigma is for designs whose cell_errors are uniform")
        chips = Circuit.of_designs(designs, device, Assumptions())
        settings = {name: value for name in SETTINGS if (value := getattr(args, name)) is not None}
        return [replace(chip, **settings) for chip in chips]


def _read_design(path: Path) -> Mapping[str, Any]:
    """The design of a `design.json`, or a JSON object of parameters."""
    try:
        content = read_json(path)
        return dict(content.get("design", content))
    except (AttributeError, TypeError, ValueError):
        raise InputError(f"{path} is no design.json of a run, or damaged") from None


def design_from_text(text: str) -> dict[str, Any]:
    """`rows=128,weight_coding=offset`."""
    values: dict[str, Any] = {}
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if not sign or name not in (*NEEDED, *OPTIONAL):
            raise argparse.ArgumentTypeError(
                f"'{part}' is not NAME=VALUE with a name of {', '.join([*NEEDED, *OPTIONAL])}"
            )
        if name in values:
            raise argparse.ArgumentTypeError(f"{name} is given twice")
        values[name] = value if name in TEXTS else whole(LIMITS[name][0])(value)
    return values
