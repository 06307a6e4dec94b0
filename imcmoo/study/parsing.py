"""Validators of the keys of a study: they complete, convert and check values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import (
    ValidationInfo,
)

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.physical_table import OPEN, PhysicalTable
from imcmoo.io.errors import did_you_mean
from imcmoo.model import registry
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import MOST_DB
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.problem.criteria import NAMED, find_criterion
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents
from imcmoo.problem.robust_names import refuse_robust
from imcmoo.space.restricted import ValueFaults

T = TypeVar("T")


def checked_source(source: str) -> str:
    """Check that the source of a network is a name or a table, not an ONNX file."""
    if not source:
        raise ValueError("is empty: name a shipped network, such as resnet18, or a CSV")
    if source.endswith(".onnx"):
        csv = Path(source).with_suffix(".csv")
        raise ValueError(f"import it first: imcmoo import {source} --out {csv}, then source {csv}")
    return source


def readable(path: str, read: Callable[[str], T]) -> T:
    """Content of a file; `ValueError` with its path if it cannot be read."""
    try:
        return read(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None


def component_table(path: str, info: ValidationInfo) -> str:
    """Check that a component table can be read; returns its path or name."""
    if info.data.get("model") == "physical":
        readable(path, PhysicalTable.load)
    elif path == OPEN:
        raise ValueError(f'"{OPEN}" is a table of the physical model')
    else:
        readable(path, ComponentTable.load)
    return path


def known_calibration(source: str, info: ValidationInfo) -> str:
    """Check that a calibration can be read, and that the model takes one."""
    if info.data.get("model", "physical") != "physical":
        raise ValueError(f'needs model = "physical", got {info.data["model"]!r}')
    from imcmoo.study.calibration import Calibration  # takes tables of studies

    readable(source, Calibration.load)
    return source


def known_assumptions(values: dict[str, float], info: ValidationInfo) -> dict[str, float]:
    """Check names and bands of assumptions; those of a calibration, where there is one."""
    if info.data.get("model", "physical") != "physical":
        raise ValueError(f'needs model = "physical", got {info.data["model"]!r}')
    from imcmoo.study.calibration import Calibration  # takes tables of studies

    calibration = info.data.get("calibration")
    base = Calibration.load(calibration).assumptions() if calibration else Assumptions()
    faults = {name: fault for name, value in values.items() if (fault := base.fault(name, value))}
    if faults:
        raise ValueFaults(faults)
    return values


def accuracy_data(path: str) -> str:
    """Check that a file of accuracy data can be read."""
    readable(path, lambda file: AccuracyData.read(Path(file)))
    return path


def known_model(name: str) -> str:
    """Check that a cost model exists."""
    registry.find(name)
    return name


def known_criterion(name: str) -> str:
    """Check that a criterion exists; the score of a study is checked later."""
    refuse_robust(name)
    if name != SCORE and ":" not in name and name not in NAMED:
        names = [*NAMED, SCORE]
        hint = did_you_mean(name, names)
        raise ValueError(f"unknown '{name}'; {hint}known: {', '.join(names)}, or module:name")
    if name != SCORE:
        find_criterion(name)
    return name


def snr_limit(limit: float) -> float:
    """Check a limit in dB; minus infinity for none."""
    if not limit < float("inf"):
        raise ValueError(f"must be finite or -inf, got {limit:g}")
    if limit > MOST_DB:
        raise ValueError(f"must be at most {MOST_DB:g} dB, got {limit:g}")
    return limit


def as_tuple(value: Any) -> Any:
    """Convert one number or name, or a list, to a tuple."""
    return (value,) if isinstance(value, int | str) else _tuple(value)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name that is listed twice."""
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' is listed twice")
    return names


def not_empty(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse an empty tuple; pydantic's own check does not count wrong values."""
    if not values:
        raise ValueError("needs at least 1")
    return values


def keys_as_nodes(costs: Any) -> Any:
    """Convert keys that are texts to technology nodes."""
    if not isinstance(costs, Mapping):
        return costs
    wrong = [str(n) for n in costs if not (str(n).isascii() and str(n).isdigit())]
    if wrong:
        raise ValueFaults({wrong[0]: "is not a technology node in nm, such as 22"})
    texts: dict[int, str] = {}
    for text in map(str, costs):
        if texts.setdefault(int(text), text) != text:
            other = texts[int(text)]
            raise ValueFaults({text: f"is the same node as '{other}': leave one of them out"})
    return {str(node): cost for node, cost in costs.items()}


def none_as_inf(limit: Any) -> Any:
    """Convert None to infinity."""
    return float("inf") if limit is None else limit


def parse_score(score: Any) -> Any:
    """Create the table of a score from `Exponents` or `module:name`."""
    if isinstance(score, Exponents):
        return {name: value for name, value in asdict(score).items() if value}
    return {"function": score} if isinstance(score, str) else score
