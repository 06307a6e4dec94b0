"""The parts of a study file: how the value of each key is read and checked.

The context of the checks is the folder of the file, which its paths are relative to, and the spaces
it may begin with, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import did_you_mean
from imcmoo.model import registry
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import Workload, is_path
from imcmoo.problem.criteria import NAMED, find_criterion
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents, OwnScore, own_criterion
from imcmoo.problem.problem import WEIGHTS
from imcmoo.scenario.requests import Idle, Interrupt, Requests, Scenario, Sharing
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.restricted import ValueFaults, restricted


def _network(source: str, info: ValidationInfo) -> str:
    """A network that is there, its path as seen from here."""
    if source.endswith(".onnx"):
        csv = Path(source).with_suffix(".csv")
        raise ValueError(f"import it first: imcmoo import {source} --out {csv}, then source {csv}")
    path = _from_here(source, info) if is_path(source) else source

    def load(path: str) -> None:
        network = Workload.load(path)
        if info.context is not None:
            info.context["networks"][path] = network

    return _readable(path, load)


def component_table(path: str, info: ValidationInfo) -> str:
    """The path of a component table that is there."""
    table = PhysicalTable if info.data.get("model") == "physical" else ComponentTable
    return _readable(_from_here(path, info), table.load)


def accuracy_data(path: str, info: ValidationInfo) -> str:
    """The path of a network's accuracy data that are there."""
    return _readable(_from_here(path, info), lambda file: AccuracyData.read(Path(file)))


def _from_here(path: str, info: ValidationInfo) -> str:
    return str(_context(info, "folder") / path)


def _context(info: ValidationInfo, key: str) -> Any:
    """Data that the checks need besides the file itself."""
    if info.context is None:
        raise ValueError(f"needs the {key} of a study file")
    return info.context[key]


def _readable(path: str, read: Callable[[str], object]) -> str:
    """A path, if what is there can be read."""
    try:
        read(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    return path


def known_model(name: str) -> str:
    """A cost model that is there."""
    registry.find(name)
    return name


def known_criterion(name: str) -> str:
    """A criterion that is there; the study's own score is not looked for."""
    if name != SCORE and ":" not in name and name not in NAMED:
        names = [*NAMED, SCORE]
        hint = did_you_mean(name, names)
        raise ValueError(f"unknown '{name}'; {hint}known: {', '.join(names)}, or module:name")
    if name != SCORE:
        find_criterion(name)
    return name


def space_of(table: Any, info: ValidationInfo) -> Any:
    """The space that a table `[space]` describes."""
    if not isinstance(table, dict):
        return table
    spaces, device = _context(info, "spaces"), info.data.get("device")
    usual = f"{device}_physical" if device and info.data.get("model") == "physical" else device
    base = table.get("base", usual)
    if base is None and "device" not in info.data:
        return next(iter(spaces.values()))  # the device was at fault, and is told already
    if not isinstance(base, str) or base not in spaces:
        what = "is missing" if base is None else f"unknown {base!r}"
        hint = did_you_mean(base, [*spaces])
        raise ValueFaults({"base": f"{what}; {hint}allowed: {', '.join(spaces)}"})
    values = {
        name: value if isinstance(value, list) else [value]
        for name, value in table.items()
        if name != "base"
    }
    if device is not None and spaces[base].values_of("device") != (device,):
        values.setdefault("device", [device])
    name = str(info.data.get("name", base))
    space = spaces[base]
    switches: list[str] = []
    if info.data.get("model") == "physical":
        from imcmoo.model.physical.parameters import LIMITS  # not for studies of the reference

        space = _with_optional(space, values)
        switches = [name for name, (low, _) in LIMITS.items() if low == 0]
    return restricted(space, values, name=name, switches=switches) if values else space


def _with_optional(space: DesignSpace, names: Iterable[str]) -> DesignSpace:
    """A space with the defaults of named optional columns of the physical model that it lacks."""
    from imcmoo.model.physical.parameters import DEFAULTS  # as above

    lacking = set(names) - {*space.names, *space.fixed}
    added = {name: value for name, value in DEFAULTS.items() if name in lacking}
    return replace(space, fixed={**space.fixed, **added})


def snr_limit(limit: float) -> float:
    """A limit in dB, minus infinity for none."""
    if not limit < float("inf"):
        raise ValueError(f"must be finite or -inf, got {limit:g}")
    # Studies without this key need nothing of the physical model.
    from imcmoo.model.physical.constraints import MOST_DB

    if limit > MOST_DB:
        raise ValueError(f"must be at most {MOST_DB:g} dB, got {limit:g}")
    return limit


def listed(value: Any) -> Any:
    """A whole number as a list of one."""
    return [value] if isinstance(value, int) else value


def distinct(names: list[str]) -> list[str]:
    """Names, none of them twice."""
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' is listed twice")
    return names


def by_node(costs: dict[str, float]) -> dict[str, float]:
    """Costs whose keys are technology nodes."""
    wrong = [node for node in costs if not node.isdigit()]
    if wrong:
        raise ValueFaults({wrong[0]: "is not a technology node in nm, such as 22"})
    return costs


Positive = Annotated[float, Field(gt=0)]
_VALUE = {"type": ["number", "string"]}
SpaceSchema = WithJsonSchema(
    {
        "type": "object",
        "description": "base, and any parameter = [values] or one value",
        "properties": {"base": {"type": "string"}},
        "additionalProperties": {"anyOf": [_VALUE, {"type": "array", "items": _VALUE}]},
    }
)


class Table(BaseModel):
    """A table of a study file: no key but those it declares, and no text for a number."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class NetworkTable(Table):
    """One of `[[networks]]`."""

    source: Annotated[str, AfterValidator(_network)] = Field(
        description="name of a shipped network, or path of a CSV"
    )
    weight: float = Field(
        1.0,
        ge=WEIGHTS[0],
        le=WEIGHTS[1],
        description="how much it counts; weights are scaled to sum to W",
    )
    accuracy: Annotated[str, AfterValidator(accuracy_data)] | None = Field(
        None, description="path of NET.accuracy.npz of imcmoo import --data (physical model)"
    )
    max_accuracy_drop: float | None = Field(
        None, ge=0, le=1, description="largest predicted drop below the float score; needs accuracy"
    )
    input_bits: int = Field(8, ge=1)
    weight_bits: int = Field(8, ge=1)
    weight_clip: float = Field(
        1.0, gt=0, le=1, description="largest stored weight over the largest of its channel"
    )
    layers_digital: Annotated[list[str], AfterValidator(distinct)] = Field(
        [], description="layers that run on the digital unit, their weights in the global buffer"
    )
    max_latency_s: Positive | None = Field(None, description="longest latency of one inference")
    max_energy_J: Positive | None = Field(None, description="largest energy of one inference")
    max_power_W: Positive | None = Field(
        None, description="largest energy over latency, DRAM included"
    )
    min_fps: Positive | None = Field(None, description="fewest inferences per second")

    rate_Hz: Positive | None = Field(None, description="most requests per second, of a scenario")
    deadline_s: Positive | None = Field(None, description="1/rate_Hz by default, at most that")
    burst: int = Field(1, ge=1, description="inferences per request")

    @model_validator(mode="after")
    def _check(self) -> NetworkTable:
        lone = [k for k in ("deadline_s", "burst") if k in self.model_fields_set]
        if self.rate_Hz is None and lone:
            raise ValueError(f"{lone[0]} needs rate_Hz")
        _ = self.requests
        if self.max_accuracy_drop is not None and self.accuracy is None:
            raise ValueError("max_accuracy_drop needs accuracy, a file of imcmoo import --data")
        return self

    @property
    def requests(self) -> Requests | None:
        """Its requests, if it has any."""
        if self.rate_Hz is None:
            return None
        return Requests(self.rate_Hz, self.deadline_s, self.burst)

    @property
    def limits(self) -> Limits | None:
        """Its limits, if it has any."""
        keys = ("max_latency_s", "max_energy_J", "max_power_W", "min_fps")
        limits = Limits(**{key: getattr(self, key) for key in keys})
        return limits if limits.given() else None


class ScenarioTable(Table):
    """`[scenario]`: how a chip serves the requests of all networks."""

    sharing: Sharing = Field(
        Scenario.sharing, description="one network at a time on all of the chip, or side by side"
    )
    interrupt: Interrupt = Field(
        Scenario.interrupt, description="where a more urgent request may interrupt a running one"
    )
    idle: Idle = Field(Scenario.idle, description="whether an idle chip leaks")
    margin: float = Field(
        Scenario.margin, ge=0, description="share of load beyond the stated one to be served"
    )


class ScoreTable(Table):
    """`[score]`: exponents and an aggregate, or a function."""

    energy: float = Field(0.0, ge=0, description="exponent of energy")
    latency: float = Field(0.0, ge=0, description="exponent of latency")
    area: float = Field(0.0, ge=0, description="exponent of area")
    cost: float = Field(0.0, ge=0, description="exponent of cost, where there are costs")
    interval: float = Field(
        0.0, ge=0, description="exponent of 1 over throughput, where `objectives` has interval"
    )
    aggregate: Literal["max", "mean", "product", "geomean"] = "max"
    function: str | None = Field(None, description="module:name, from Costs to (n,)")

    @model_validator(mode="after")
    def _check(self) -> ScoreTable:
        if self.function is not None and self.model_fields_set != {"function"}:
            raise ValueError("either a function or exponents and an aggregate, not both")
        own_criterion(self.score)
        return self

    @property
    def score(self) -> OwnScore:
        """The score as `Study` takes it."""
        if self.function is not None:
            return self.function
        return Exponents(**self.model_dump(exclude={"function"}))
