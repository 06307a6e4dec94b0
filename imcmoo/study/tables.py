"""Tables of a study (network, score, scenario), and checks of the values of keys."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from imcmoo.model.physical.parameters import DRAM
from imcmoo.networks.language_model import STEP
from imcmoo.networks.workloads import LARGEST_BATCH, Workload, network_name
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import UNITS, Exponents, OwnScore, own_criterion
from imcmoo.problem.weights import WEIGHTS
from imcmoo.scenario.requests import Idle, Interrupt, Requests, Scenario, Sharing
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.restricted import ValueFaults, restricted
from imcmoo.study.faults import listed_faults
from imcmoo.study.parsing import accuracy_data, as_tuple, checked_source, distinct, readable
from imcmoo.study.spaces import bases, space_of_table, spaces, usual_base
from imcmoo.study.table import Positive, Table, devices


def _or_a_list(schema: dict[str, Any]) -> None:
    name = schema["anyOf"][0]
    schema["anyOf"].append({"type": "array", "items": name, "minItems": 2, "uniqueItems": True})


DeviceSchema = Field(json_schema_extra=_or_a_list)
"""Schema of `device`: a name, or a list of names."""


def parse_space(table: object, info: ValidationInfo) -> Any:
    """Create a space from its table, or from the name of a shipped one."""
    table = {"base": table} if isinstance(table, str) else table
    if not isinstance(table, dict):
        return table
    if "device" not in info.data:  # the device is wrong, which is reported already
        return DesignSpace("", ())
    model, device = info.data.get("model"), info.data["device"]
    if "base" not in table:
        of_model = [name for name in devices() if usual_base(model, name) in spaces()]
        if device is None:
            missing = f"is missing ({' or '.join(of_model)}), or give a space"
            raise ValueFaults({"device": missing}, of_study=True)
        if usual_base(model, device) not in bases():
            needs = f'{device} needs model = "physical"; the reference model knows '
            raise ValueFaults({"device": needs + " and ".join(of_model)}, of_study=True)
        if model == "physical" and usual_base(model, device, generates=True) in spaces():
            generates = any(map(_is_of_language_model, info.data.get("networks", ())))
            table = {"base": usual_base(model, device, generates=generates), **table}
    return space_of_table(
        table,
        name=str(info.data.get("name", table.get("base", device))),
        model=model,
        device=device,
    )


def within_dram(space: DesignSpace, info: ValidationInfo) -> DesignSpace:
    """The space without kinds of DRAM wider than `max_dram` of the study.

    Raises:
        ValueFaults: no kind is left, or the space has none.
    """
    widest = info.data.get("max_dram")
    if widest is None:
        return space
    if "dram" not in (*space.names, *space.fixed):
        raise ValueFaults({"max_dram": "needs the physical model"}, of_study=True)
    kinds, allowed = space.values_of("dram"), DRAM[: DRAM.index(widest) + 1]
    kept = [kind for kind in kinds if kind in allowed]
    if not kept:
        given, may = " or ".join(map(str, kinds)), ", ".join(allowed)
        fault = f'{given} is given, must be one of {may} with max_dram = "{widest}"'
        raise ValueFaults({"dram": fault})
    return space if len(kept) == len(kinds) else restricted(space, {"dram": kept}, name=space.name)


def _is_of_language_model(network: Network) -> bool:
    """Check if a network is a prefill or a step; a network that cannot be read is refused later."""
    try:
        return bool(network._table.phase)
    except (OSError, ValueError):
        return False


def parse_networks(value: object) -> Any:
    """Convert sources to tables of networks."""
    value = as_tuple(value)
    if not isinstance(value, tuple):
        return value
    return tuple({"source": one} if isinstance(one, str) else one for one in value)


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
_VALUE = {"type": ["number", "string"]}
_LIST = {"type": "array", "items": _VALUE}
_ROWS = {
    "type": "object",
    "properties": {"on": {"type": "string"}, "values": {"type": "array", "items": _LIST}},
    "required": ["on", "values"],
    "additionalProperties": False,
}
_VALUES = {"anyOf": [_VALUE, _LIST, _ROWS]}
SpaceSchema = WithJsonSchema(
    {
        "type": "object",
        "description": "base, and any parameter = [values], one value, or { on = PARAMETER, values "
        "= [ROW, ...] } with a row for each value of another parameter; if device is a list, also "
        "a table with such keys for each device, which alone may have a base",
        "properties": {"base": {"type": "string"}},
        "additionalProperties": {
            "anyOf": [*_VALUES["anyOf"], {"type": "object", "additionalProperties": _VALUES}]
        },
    }
)


TOKEN_LIMITS = ("min_tokens_per_s", "max_token_energy_J")
"""Limits of the step of a language model."""


class Network(Table):
    """A network of a study, with its weight, limits and requests; one of `[[networks]]`."""

    source: Annotated[str, AfterValidator(checked_source)] = Field(
        description="name of a shipped network, or path of a CSV"
    )
    weight: float = Field(
        1.0,
        ge=WEIGHTS[0],
        le=WEIGHTS[1],
        description="how much it counts; weights are scaled to sum to W",
    )
    batch: int = Field(1, ge=1, le=LARGEST_BATCH, description="images of one inference")
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
    layers_digital: Annotated[Names, AfterValidator(distinct)] = Field(
        (), description="layers that run on the digital unit, their weights in the global buffer"
    )
    kv_bits: Literal[4, 8, 16] = Field(
        8, description="precision of cached keys and values (physical model)"
    )
    weights_of: str | None = Field(
        None, description="network whose weights this one uses, in the same cells (physical model)"
    )
    max_latency_s: Positive | None = Field(
        None,
        description="longest latency of an inference, all images of its batch, while the network "
        "runs alone",
    )
    max_energy_J: Positive | None = Field(
        None, description="largest energy of an inference, all images of its batch"
    )
    max_power_W: Positive | None = Field(
        None, description="largest energy over latency, DRAM included"
    )
    min_fps: Positive | None = Field(
        None, description="fewest images per second, while the network runs alone"
    )
    min_tokens_per_s: Positive | None = Field(
        None, description="fewest tokens per second of the step of a language model"
    )
    max_token_energy_J: Positive | None = Field(
        None, description="largest energy per token of the step of a language model"
    )

    rate_Hz: Positive | None = Field(None, description="most requests per second, of a scenario")
    deadline_s: Positive | None = Field(None, description="1/rate_Hz by default, at most that")
    burst: int = Field(1, ge=1, description="inferences per request")

    def __init__(self, /, **settings: object) -> None:
        """Check the settings.

        Raises:
            ValueError: a key is missing, unknown or has a wrong value; names it and what is
                allowed.
        """
        try:
            super().__init__(**settings)
        except ValidationError as error:
            faults = dict(listed_faults(error, {"": list(type(self).model_fields)}))
            # A study adds the place of this network to each key.
            wrong = ValueError(faults[""]) if "" in faults else ValueFaults(faults)
            raise wrong from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            readable(self.source, lambda _: self._table)
        except ValueError as error:
            raise ValueFaults({"source": str(error)}) from None
        try:
            _ = self.workload
        except ValueError as error:
            raise ValueFaults({"batch": str(error)}) from None
        if "kv_bits" in self.model_fields_set and not self.workload.has_cache:
            raise ValueError("kv_bits needs a table with a cache, of imcmoo import config.json")
        for key in TOKEN_LIMITS:
            if getattr(self, key) is not None and self.workload.phase != STEP:
                remedy = "use max_latency_s" if self.workload.phase else "needs the table of a step"
                raise ValueError(f"{key}: {remedy}")
        lone = [k for k in ("deadline_s", "burst") if k in self.model_fields_set]
        if self.rate_Hz is None and lone:
            raise ValueError(f"{lone[0]} needs rate_Hz")
        _ = self.requests
        if self.max_accuracy_drop is not None and self.accuracy is None:
            raise ValueError("max_accuracy_drop needs accuracy, a file of imcmoo import --data")
        return self

    def differs_from_owner(self, owner: Network) -> str:
        """Why the network cannot use the weights of another; empty if it can."""
        for key in ("input_bits", "weight_bits", "weight_clip", "layers_digital", "kv_bits"):
            mine, others = getattr(self, key), getattr(owner, key)
            if mine != others:
                return f"{key} is {mine!r}, but {others!r} of {owner.name}; make them equal"
        tables = self.workload, owner.workload
        if any(table.has_cache for table in tables):
            for key in ("prompt", "generate", "batch"):
                mine, others = (table.provenance.get(key) for table in tables)
                if mine != others:
                    return (
                        f"#{key} is {mine}, but {others} of {owner.name}; import both with one "
                        "command"
                    )
        try:
            self.workload.check_same_weights(owner.workload)
        except ValueError as error:
            return str(error)
        return ""

    @cached_property
    def _table(self) -> Workload:
        return Workload.load(self.source)

    @cached_property
    def workload(self) -> Workload:
        """The layers of the network for a batch of images, read once."""
        return self._table.of_batch(self.batch)

    @property
    def name(self) -> str:
        """Name of the shipped network, or the stem of the CSV."""
        return network_name(self.source)

    @property
    def requests(self) -> Requests | None:
        """Requests of the network; None if there are none."""
        if self.rate_Hz is None:
            return None
        return Requests(self.rate_Hz, self.deadline_s, self.burst)

    @property
    def limits(self) -> Limits | None:
        """Limits of the network; None if there are none."""
        keys = ("max_latency_s", "max_energy_J", "max_power_W", "min_fps", *TOKEN_LIMITS)
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
    max_average_power_W: Positive | None = Field(
        None, description="largest average power of the chip with its DRAM"
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
    def _check(self) -> Self:
        if self.function is not None and self.model_fields_set != {"function"}:
            raise ValueError("either a function or exponents and an aggregate, not both")
        own_criterion(self.score)
        if {k for k in UNITS if getattr(self, k)} == {"area"}:
            raise ValueError('area alone: leave out [score], and say criterion = "area"')
        return self

    @property
    def score(self) -> OwnScore:
        """The score that the table describes."""
        if self.function is not None:
            return self.function
        return Exponents(**self.model_dump(exclude={"function"}))
