"""A study as a TOML file: what may stand in it, and the study it makes.

Names of keys are part of the interface. Whatever is left out is as in `Study`. Paths are relative
to the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import InputError
from imcmoo.model import cost_model
from imcmoo.model.reference.chips import Deployment
from imcmoo.networks.workloads import Workload, is_path
from imcmoo.problem.criteria import CRITERIA, find_criterion
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents, OwnScore, own_criterion
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.restricted import ValueFaults, restricted
from imcmoo.study.study import Study, check_names
from imcmoo.study.study_faults import did_you_mean, fault_lines

NAMES = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$"
"""Studies name folders."""


@dataclass(frozen=True)
class Place:
    """Where a study file stands.

    Args:
        folder: what its paths are relative to.
        spaces: those it may begin with, by name.
    """

    folder: Path
    spaces: Mapping[str, DesignSpace]


def _place(info: ValidationInfo) -> Place:
    assert isinstance(info.context, Place)
    return info.context


def _network(source: str, info: ValidationInfo) -> str:
    """A network that is there, its path as seen from here."""
    if source.endswith(".onnx"):
        csv = Path(source).with_suffix(".csv")
        raise ValueError(f"import it first: imcmoo import {source} --out {csv}, then source {csv}")
    found = str(_place(info).folder / source) if is_path(source) else source
    try:
        Workload.load(found)
    except OSError as error:
        raise ValueError(f"{found}: {error.strerror}") from None
    return found


def _table(path: str, info: ValidationInfo) -> str:
    found = str(_place(info).folder / path)
    try:
        ComponentTable.load(found)
    except OSError as error:
        raise ValueError(f"{found}: {error.strerror or error}") from None
    return found


def _model(name: str) -> str:
    cost_model.find(name)
    return name


def _criterion(name: str) -> str:
    if name != SCORE and ":" not in name and name not in CRITERIA:
        known = [*CRITERIA, SCORE]
        hint = did_you_mean(name, known)
        raise ValueError(f"unknown '{name}'; {hint}known: {', '.join(known)}, or module:name")
    if name != SCORE:
        find_criterion(name)
    return name


def _space(given: Any, info: ValidationInfo) -> Any:
    """The space that a table `[space]` describes."""
    if not isinstance(given, dict):
        return given
    spaces, device = _place(info).spaces, info.data.get("device")
    base = given.get("base", device)
    if base not in spaces:
        what = "is missing" if base is None else f"unknown {base!r}"
        raise ValueFaults({"base": f"{what}; {did_you_mean(base, [*spaces])}{', '.join(spaces)}"})
    values = {
        name: value if isinstance(value, list) else [value]
        for name, value in given.items()
        if name != "base"
    }
    if device is not None and spaces[base].values_of("device") != (device,):
        values.setdefault("device", [device])
    name = info.data.get("name", base)
    return restricted(spaces[base], values, name=name) if values else spaces[base]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


def _by_node(costs: dict[str, float]) -> dict[str, float]:
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


class _Table(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class NetworkTable(_Table):
    """One of `[[networks]]`."""

    source: Annotated[str, AfterValidator(_network)] = Field(
        description="name of a shipped network, or path of a CSV"
    )
    weight: Positive = Field(1.0, description="how much it counts; weights sum to W")
    input_bits: int = Field(8, ge=1)
    weight_bits: int = Field(8, ge=1)
    max_latency_s: Positive | None = Field(None, description="longest latency of one inference")
    max_energy_J: Positive | None = Field(None, description="largest energy of one inference")
    max_power_W: Positive | None = Field(None, description="largest energy over latency")
    min_fps: Positive | None = Field(None, description="fewest inferences per second")

    @property
    def limits(self) -> Limits:
        """Its limits."""
        keys = ("max_latency_s", "max_energy_J", "max_power_W", "min_fps")
        return Limits(**{key: getattr(self, key) for key in keys})


class ScoreTable(_Table):
    """`[score]`: exponents and an aggregate, or a function."""

    energy: float = Field(0.0, ge=0, description="exponent of energy")
    latency: float = Field(0.0, ge=0, description="exponent of latency")
    area: float = Field(0.0, ge=0, description="exponent of area")
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
        """As a study has it."""
        if self.function is not None:
            return self.function
        return Exponents(self.energy, self.latency, self.area, self.aggregate)


class StudyFile(_Table):
    """A study file."""

    name: str = Field(pattern=NAMES, description="of the folder of results and in titles")
    model: Annotated[str, AfterValidator(_model)] = Field(
        Study.model, description="cost model: reference, or module:Class"
    )
    device: Literal["rram", "sram"] | None = Field(None, description="names the base space too")
    deployment: Deployment = Study.deployment
    scaling: Literal["reference", "current"] = Field("reference", description="of technology")
    components: Annotated[str, AfterValidator(_table)] | None = Field(
        None, description="path of a component table (.npz); the shipped one by default"
    )
    area_limit_mm2: float = Field(
        800.0, gt=0, allow_inf_nan=True, description="largest chip; inf for no limit"
    )
    cost: Annotated[dict[str, Positive], AfterValidator(_by_node)] | None = Field(
        None, description="cost of a square centimetre by node in nm: makes cost an objective"
    )
    criterion: Annotated[str, AfterValidator(_criterion)] = Field(
        Study.criterion, description="what selects the design; score where there is one"
    )
    budget: int = Field(Study.budget, ge=1, description="unique designs evaluated by each search")
    seeds: Annotated[
        list[Annotated[int, Field(ge=0)]],
        BeforeValidator(_listed),
        Field(min_length=1),
    ] = Field([Study.seed], description="a list, or one seed")
    baselines: bool = Field(Study.baselines, description="search for each network alone as well")
    space: Annotated[DesignSpace, BeforeValidator(_space), SpaceSchema] = Field(
        default_factory=dict, validate_default=True
    )
    networks: list[NetworkTable] = Field(min_length=1)
    score: ScoreTable | None = None

    def study(self, file: str | None = None) -> Study:
        """The study it describes.

        Args:
            file: where it was read from, if the study is to be called by that.

        Raises:
            ValueError: parts that do not fit together.
        """
        networks, given = self.networks, self.model_fields_set
        study = {
            key: getattr(self, key)
            for key in ("model", "deployment", "scaling", "budget", "criterion", "baselines")
            if key in given
        }
        if self.score:
            study = {"criterion": SCORE} | study | {"score": self.score.score}
        sources = tuple(n.source for n in networks)
        workload_names = tuple(Path(s).stem if is_path(s) else s for s in sources)
        check_names(workload_names)
        precise = [n.input_bits != 8 or n.weight_bits != 8 for n in networks]
        limits = {k: n.limits for k, n in zip(workload_names, networks, strict=True)}
        limit = self.area_limit_mm2
        return Study(
            self.name,
            self.space,
            sources,
            weights=_weights(networks),
            area_limit_m2=limit / MM2_PER_M2 if limit < float("inf") else None,
            cost_per_cm2={int(node): c for node, c in self.cost.items()} if self.cost else None,
            limits={k: v for k, v in limits.items() if v.given()} or None,
            components=self.components,
            precision=(
                {
                    k: (n.input_bits, n.weight_bits)
                    for k, n in zip(workload_names, networks, strict=True)
                }
                if any(precise)
                else None
            ),
            seed=self.seeds[0],
            seeds=tuple(self.seeds) if len(self.seeds) > 1 else (),
            file=file,
            **study,
        )


def _weights(networks: list[NetworkTable]) -> tuple[float, ...] | None:
    """Weights, if any is given."""
    if not any("weight" in n.model_fields_set for n in networks):
        return None
    return tuple(n.weight for n in networks)


def read_study(path: Path, spaces: Mapping[str, DesignSpace], *, shipped: bool = False) -> Study:
    """The study a file describes.

    Args:
        path: a TOML file; what it names is relative to its folder.
        spaces: those it may begin with, by name.
        shipped: whether it is one of the catalogue: called by its name, not by its file, and known
            to be right.

    Raises:
        InputError: whatever is wrong with it, a line for each fault.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            content = tomllib.load(stream)
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file, but TOML is needed") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    try:
        read = StudyFile.model_validate(content, context=Place(path.parent, spaces))
    except ValidationError as error:
        raise InputError(fault_lines(path, error, StudyFile)) from None
    try:
        study = read.study(None if shipped else str(path))
        if not shipped:
            _check(study)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    return study


def _check(study: Study) -> None:
    """Check that a cost model can be made of it, which only the model itself can tell.

    Raises:
        ValueError: it cannot.
    """
    costs = study.cost_per_cm2
    if costs:
        lacking = [n for n in study.space.values_of("technology_nm") if n not in costs]
        if lacking:
            raise ValueError(f"cost: no cost at {lacking[0]} nm; there are {', '.join(map(str, costs))}")
    study.problem()
