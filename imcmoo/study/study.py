"""A study: the space, the networks, the criterion, and how designs are searched.

`Study` is one model for Python, study files and the results of a run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from imcmoo.hardware.physical_table import OPEN, PhysicalTable
from imcmoo.io.checksums import sha256
from imcmoo.io.errors import (
    NAME,
    check_name,
    did_you_mean_or_known,
)
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model import registry
from imcmoo.model.cost_model import CostModel, Deployment
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.memory_cells import is_exact, keeps_weights
from imcmoo.model.physical.parameters import DEFAULTS, DramKind
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import BITS, WorkloadSet, is_path
from imcmoo.problem.criteria import (
    AREA,
    AVERAGE_POWER,
    NAMED,
    SCENARIO_CRITERIA,
    WEIGHTED,
    Criterion,
    find_criterion,
)
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents, OwnScore, own_criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import AGGREGATIONS, Area, Delay, EdapDefinition
from imcmoo.problem.tolerance import Tolerance
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Scenario
from imcmoo.scenario.space_sharing import SpaceModel
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional, Parameter
from imcmoo.space.restricted import ValueFaults
from imcmoo.study.algorithm import AlgorithmName
from imcmoo.study.faults import fault_lines
from imcmoo.study.parsing import (
    as_tuple,
    component_table,
    keys_as_nodes,
    known_assumptions,
    known_calibration,
    known_criterion,
    known_model,
    none_as_inf,
    not_empty,
    parse_score,
    snr_limit,
)
from imcmoo.study.spaces import other_model, spaces, table_of_space, usual_base
from imcmoo.study.table import DeviceName, Positive, Table, devices, is_file
from imcmoo.study.tables import (
    DeviceSchema,
    Names,
    Network,
    ScenarioTable,
    ScoreTable,
    SpaceSchema,
    parse_networks,
    parse_space,
    within_dram,
)
from imcmoo.study.toml import toml_text
from imcmoo.study.uncertainty import UncertaintyTable, faults, refusal

if TYPE_CHECKING:
    from imcmoo.model.physical.model import PhysicalEvaluator
    from imcmoo.study.calibration import Calibration

T = TypeVar("T")

RESERVED = ("joint", *AGGREGATIONS)
"""Names of columns, searches and files that no network may have."""

ADC_MODEL = "adc_model"
"""Column whose values a calibration must cover."""

WEIGHT_KEYS = ("weight_clip", "layers_digital", "kv_bits", "weights_of")
"""Settings by network of how weights, keys and values are stored."""

SNR_LIMITS = ("compute_snr_limit_dB", "adc_snr_limit_dB")
"""Keys of limits on analog errors, dB."""

NOISE_SETTINGS = (*WEIGHT_KEYS, "accuracy")
"""Settings by network that need a model with noise."""

PATHS = ("source", "accuracy", "components", "calibration")
"""Keys of a study and of its networks that can be paths."""

FOLDERS = (
    *("ablation", "certified", "compare", "comparison", "docs", "enumerated", "exact", "published"),
    *("random", "robust"),
)
"""Folders that commands create beside those of studies; no study may have these names."""

LEAST_AREA_mm2 = 1e-6
"""Smallest area limit, far below a single cell of an array with its drivers."""

BUDGET = 3300
"""Default number of designs that each search evaluates."""

SEARCH_KEYS = {
    *("algorithm", "area_limit_mm2", "baselines", "budget", "count_checks", "criterion"),
    *("score", "seeds", "second_criterion", "start", "tolerance", "uncertainty"),
}
"""Keys of a study that do not affect its cost model."""


@dataclass(frozen=True)
class AccuracyFile:
    """Accuracy data of a network and the allowed drop of its score.

    Args:
        path: a file written by `imcmoo import --data`.
        max_drop: largest drop below the float score. If None, there is no limit.
    """

    path: str
    max_drop: float | None = None

    def to_config(self) -> dict[str, Any]:
        """Settings as JSON values, with a digest instead of the path."""
        path = Path(self.path)
        return {"file": path.name, "sha256": sha256(path), "max_accuracy_drop": self.max_drop}


def accuracy_options(files: Mapping[str, AccuracyFile], networks: WorkloadSet) -> dict[str, Any]:
    """Read accuracy data, by network, into options of a cost model that predicts accuracy.

    Raises:
        ValueError: a file was not written by `imcmoo import --data`, or is of another network.
        OSError: a file cannot be read.
    """
    # Studies of the reference model need none of the physical one.
    from imcmoo.accuracy.circuit_noise import CircuitNoise, cache_folder

    data = {name: AccuracyData.read(Path(file.path)) for name, file in files.items()}
    for network in networks.workloads:
        if network.name in data and not data[network.name].fits(network):
            raise ValueError(
                f"{files[network.name].path} is of another network than {network.name}"
            )
    limits = {name: file.max_drop for name, file in files.items() if file.max_drop is not None}
    return {
        "accuracy": data,
        "max_accuracy_drop": limits or None,
        "circuit_noise": CircuitNoise(cache_folder()),
        "own_noise": CircuitNoise(cache_folder(), by_columns=True),
    }


def check_study_name(name: str) -> str:
    """Return the name if a study may have it.

    A study of one device of a list is called NAME/DEVICE.

    Raises:
        ValueError: the name is not allowed; says which are.
    """
    stem, slash, device = name.rpartition("/")
    stem = stem if slash and device in devices() else name
    check_name("the name of a study", stem)
    if stem.lower() in FOLDERS:  # some file systems ignore case
        raise ValueError(
            f"no study can be called '{name}': {', '.join(FOLDERS)} are folders of commands"
        )
    return name


def check_names(names: Sequence[str]) -> None:
    """Check the names of networks.

    Raises:
        ValueError: two are equal, or one is reserved.
    """
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two networks are called '{name}': rename the CSV of one")
        if name in RESERVED:
            raise ValueError(
                f"no network can be called '{name}': {', '.join(RESERVED)} mean something else"
            )


def _named_algorithm(given: object) -> AlgorithmName | None:
    return None if given is None else AlgorithmName.of(given)


class Study(Table):
    """A design task: space, networks, criterion, and settings of the search.

    Load a study from a file with `Study.load("camera.toml")`, or create one in Python. Each key of
    a study file (docs/own_study.md) is a keyword::

        study = Study(
            name="two", model="physical", device="sram", networks=["resnet18", "my_net.csv"]
        )
        run = study.run(budget=1500)
        run.design

    If `model` is not set, the cost model is the reference model of the paper.
    Pass a `Network` or a dictionary for a network with its own settings. Pass the space as a
    `DesignSpace`, the name of a shipped space, or a dictionary like the table `[space]`. A list of
    devices creates a `StudyOfDevices`, which has the same calls. Properties with a unit in SI are
    computed from the keys. Networks and components are read once per study;
    load the study again after changing their files. Equal studies write equal files.

    Raises:
        ValueError: a key has a wrong value; one line per fault.
    """

    model_config = ConfigDict(json_schema_extra={"description": "A study file."})

    name: Annotated[str, AfterValidator(check_study_name)] = Field(
        description="of the folder of results and in titles",
        json_schema_extra={"pattern": f"^{NAME.pattern}$", "not": {"enum": [*FOLDERS]}},
    )
    model: Annotated[str, AfterValidator(known_model)] = Field(
        "reference",
        description="cost model: reference, physical, one a package offers, or module:Class",
    )
    device: Annotated[DeviceName | None, DeviceSchema] = Field(
        None, description="names the base space too; a list compares devices (physical model)"
    )
    deployment: Deployment = "alone"
    components: Annotated[str, AfterValidator(component_table)] | None = Field(
        None, description="path of a component table (.npz), or open; the shipped one by default"
    )
    calibration: Annotated[str, AfterValidator(known_calibration)] | None = Field(
        None,
        description="a file of imcmoo calibrate, or one of the shipped ones (physical model)",
    )
    assumptions: Annotated[dict[str, float], AfterValidator(known_assumptions)] | None = Field(
        None,
        description="values within their bands, by name; they overrule `calibration` (physical "
        "model)",
    )
    area_limit_mm2: Annotated[float, BeforeValidator(none_as_inf)] = Field(
        800.0, ge=LEAST_AREA_mm2, allow_inf_nan=True, description="largest chip; inf for no limit"
    )
    cost: Annotated[dict[str, Positive], BeforeValidator(keys_as_nodes)] | None = Field(
        None, description="cost of a square centimetre by node in nm: makes cost an objective"
    )
    objectives: Names = Field(
        (), description="beside energy, latency and area, such as interval or snr (physical model)"
    )
    compute_snr_limit_dB: (
        Annotated[float, Field(allow_inf_nan=True), AfterValidator(snr_limit)] | None
    ) = Field(
        None,
        description="least signal to noise of ADCs and cells (physical model); -inf for no limit; "
        "15 on SRAM and none on RRAM by default",
    )
    adc_snr_limit_dB: (
        Annotated[float, Field(allow_inf_nan=True), AfterValidator(snr_limit)] | None
    ) = Field(
        None,
        description="least signal to quantization noise of ADCs (physical model); -inf for no "
        "limit; 15 by default",
    )
    delay: Delay = Field(
        "latency", description="delay of every EDAP; interval: time per inference (physical model)"
    )
    area: Area = Field(
        "chip",
        description="area of every EDAP; package, silicon: with packages or dies of DRAM (physical "
        "model)",
    )
    max_dram: DramKind | None = Field(
        None, description="widest DRAM: wider kinds leave the space (physical model)"
    )
    criterion: Annotated[str, AfterValidator(known_criterion)] = Field(
        "regret_minimax", description="what selects the design; score where there is one"
    )
    tolerance: float | None = Field(
        None,
        gt=0,
        description="share by which the design may exceed the best by `criterion`, so that it is "
        "the best by second_criterion",
    )
    second_criterion: Annotated[str, AfterValidator(known_criterion)] | None = Field(
        None, description="what selects among the designs within the tolerance"
    )
    budget: int = Field(BUDGET, ge=1, description="unique designs evaluated by each search")
    algorithm: Annotated[
        AlgorithmName | None, PlainValidator(_named_algorithm), WithJsonSchema({"type": "string"})
    ] = Field(None, description="module:name of an algorithm of pymoo that searches instead")
    count_checks: bool = Field(
        False, description="evaluate designs unchecked: for cost models with expensive checks"
    )
    start: dict[str, bool | int | float | str] | None = Field(
        None, description="a design; the joint search, and all proofs, begin with it"
    )
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        BeforeValidator(as_tuple),
        AfterValidator(not_empty),
    ] = Field((1,), description="a list, or one seed", json_schema_extra={"minItems": 1})
    baselines: bool = Field(True, description="search for each network alone as well")
    networks: Annotated[
        tuple[Network, ...], BeforeValidator(parse_networks), AfterValidator(not_empty)
    ] = Field(json_schema_extra={"minItems": 1})
    space: Annotated[
        DesignSpace, BeforeValidator(parse_space), AfterValidator(within_dram), SpaceSchema
    ] = Field(default_factory=dict, validate_default=True)
    score_table: Annotated[ScoreTable | None, BeforeValidator(parse_score)] = Field(
        None, alias="score"
    )
    scenario_table: ScenarioTable | None = Field(None, alias="scenario")
    uncertainty: UncertaintyTable | None = Field(
        None, description="draws of uncertain costs, for imcmoo robust (physical model)"
    )
    file: SkipJsonSchema[str | None] = Field(None, exclude=True)
    """The study file as it was named; None for a shipped study."""

    def __init__(self, /, **settings: object) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ValueError("\n".join(fault_lines(error, keys_of_tables()))) from None

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Fill in the criterion: average power in a scenario, or the score of the study."""
        scenario, score = (settings.get(key) is not None for key in ("scenario", "score"))
        usual = AVERAGE_POWER if scenario else SCORE if score else "regret_minimax"
        return {"criterion": usual, **settings}

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_names(self.names)
        self._check_space()
        self._check_requests()
        _ = self.resolved_criterion, self.own_criterion, self.nearly_best, self.start_levels
        for key in NOISE_SETTINGS:
            if getattr(self, key) and self.model == "reference":
                raise ValueError(f"{key} needs the physical model, not the reference model")
        for key, value in self._edap_settings.items():
            if self.model == "reference":
                raise ValueError(
                    f"{key} = {value!r} needs the physical model, not the reference model"
                )
        self._check_snr_limits()
        self._check_owners()
        self._check_scenario()
        self._check_uncertainty()
        return self

    def _check_uncertainty(self) -> None:
        """Check that costs of the study can be drawn, if it states how."""
        if self.uncertainty is None:
            return
        if why := refusal(self, self.uncertainty):
            raise ValueError(f"uncertainty: {why}")
        if wrong := faults(self, self.uncertainty):
            raise ValueFaults({f"uncertainty.{key}": fault for key, fault in wrong.items()})

    def _check_snr_limits(self) -> None:
        """Refuse a limit on analog errors of a device that has none."""
        limits = {key: limit for key in SNR_LIMITS if (limit := getattr(self, key)) is not None}
        if self.model != "physical" or all(limit == -float("inf") for limit in limits.values()):
            return
        for device in filter(is_exact, self.space.values_of("device")):
            key, limit = max(limits.items(), key=lambda one: one[1])
            raise ValueError(
                f"{key}: {limit:g} is given, must be -inf on {device}: its sums are exact"
            )

    def _check_owners(self) -> None:
        """Check that networks with the weights of another have the same layers and precision."""
        networks = {n.name: n for n in self.networks}
        for network in self.networks:
            if network.weights_of is None:
                continue
            where, owner = f"weights_of of {network.name}: ", networks.get(network.weights_of)
            if owner is None:
                others = [name for name in self.names if name != network.name]
                hint = did_you_mean_or_known(network.weights_of, others)
                raise ValueError(f"{where}no network '{network.weights_of}'; {hint}")
            if owner is network:
                raise ValueError(f"{where}names the network itself: name another, or leave it out")
            if owner.weights_of is not None:
                raise ValueError(
                    f"{where}{owner.name} has the weights of {owner.weights_of}: name that"
                )
            if fault := network.differs_from_owner(owner):
                raise ValueError(where + fault)

    def _check_space(self) -> None:
        """Check that name and space are of the device, and the space of the model."""
        space = self.space
        of_space = space.values_of("device") if "device" in (*space.names, *space.fixed) else ()
        _, slash, of_name = self.name.rpartition("/")
        of_study = (self.device,) if self.device else of_space
        if slash and of_name not in of_study:
            of = " and ".join(map(str, of_study)) or "no device"
            raise ValueError(f"name: {self.name!r} is of {of_name}, but the study is of {of}")
        if self.device and of_space and self.device not in of_space:
            fault, of = f"device: {self.device!r}", " and ".join(map(str, of_space))
        elif (other := other_model(space, self.model)) is not None:
            fault, of = f"model: {self.model!r}", f"the {other} model"
        else:
            return
        usual = usual_base(self.model, self.device or str(next(iter(of_space), "")))
        instead = f', or say space = {{"base": "{usual}"}}' if usual in spaces() else ""
        raise ValueError(f"{fault}, but space {space.name} is of {of}; leave space out{instead}")

    def _check_requests(self) -> None:
        """Check that all networks have requests in a scenario, and none has without."""
        requests = [n.name for n in self.networks if n.requests]
        if self.scenario_table is None:
            if requests:
                raise ValueError(f"rate_Hz of {requests[0]} needs a table [scenario]")
            return
        lacking = [name for name in self.names if name not in requests]
        if lacking:
            verb = "has" if len(lacking) == 1 else "have"
            raise ValueError(
                f"a scenario needs rate_Hz of every network; {', '.join(lacking)} {verb} none"
            )
        _ = self.scenario

    def _check_scenario(self) -> None:
        """Check that the scenario fits the model and the device."""
        if self.scenario is None:
            for key in ("criterion", "second_criterion"):
                if (name := getattr(self, key)) in SCENARIO_CRITERIA and name != AREA:
                    raise ValueError(f"{key} {name} needs a [scenario]")
            return
        if self.model != "physical":
            raise ValueError(f"a scenario needs model physical, not {self.model}")
        if self.scenario.sharing == "space" and self.weights_of:
            raise ValueError(
                'sharing = "space": each network has groups of its own; leave out weights_of'
            )
        resident = any(map(keeps_weights, self.space.values_of("device")))
        if self.scenario.sharing == "space" and not resident:
            raise ValueError('sharing = "space" needs device rram, whose weights stay on the chip')
        if resident and self.deployment == "alone":
            raise ValueError(
                "a scenario on rram needs deployment together: rewriting weights at every request "
                "takes too long and wears cells out"
            )

    def __eq__(self, other: object) -> bool:
        """True if all keys are equal, with or without the verbs of `imcmoo.api`."""
        names = type(self).model_fields
        return isinstance(other, Study) and all(
            getattr(self, n) == getattr(other, n) for n in names
        )

    def __hash__(self) -> int:
        return hash(
            (self.name, self.model, self.workloads, self.criterion, self.budget, self.seeds)
        )

    def __repr__(self) -> str:
        return (
            f"Study({self.name}: {self.space.size:,} designs of space {self.space.name}, for "
            f"{', '.join(self.names)})"
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        limit = self.area_limit_mm2
        rows = {
            "networks": ", ".join(self.names),
            "space": f"{self.space.name}, {self.space.size:,} designs",
            "cost model": self.model,
            "largest chip": f"{limit:g} mm²" if self.area_limit_m2 else "no limit",
            "criterion": self.criterion,
            "budget": f"{self.budget:,} designs",
        }
        cells = (f"<tr><th>{k}</th><td>{escape(v)}</td></tr>" for k, v in rows.items())
        return f"<table><caption>{escape(self.name)}</caption>{''.join(cells)}</table>"

    def replace(self, **changes: object) -> Self:
        """Return a copy with other values of some keys.

        A space that was not stated is derived again from the device and the model. A start is of
        its space, and left out with it. A study of another name is not that of its file any more.

        Raises:
            ValueError: a key has a wrong value; one line per fault.
        """
        if self.start is not None and not {"device", "model", "space"}.isdisjoint(changes):
            changes = {"start": None, **changes}
        if (name := changes.get("name", self.name)) != self.name:
            changes = {"file": None, **changes}
            if self.space.name == self.name:  # a file does not name the space of a study
                changes = {"space": replace(self.space, name=str(name)), **changes}
        study = super().replace(**changes)
        if "_model" in self.__dict__ and changes.keys() <= SEARCH_KEYS:
            study.__dict__["_model"] = self._model
        elif changes.keys() <= {*SEARCH_KEYS, "assumptions"}:
            study.__dict__["_alike"] = self.__dict__.get("_alike", self)
        return study

    @property
    def studies(self) -> tuple[Study, ...]:
        """The study itself, as `StudyOfDevices.studies` are those of its devices."""
        return (self,)

    def each(self, change: Callable[[Study], Study]) -> Study:
        """The study after a change, as `StudyOfDevices.each` changes the study of each device."""
        return change(self)

    def __getstate__(self) -> dict[Any, Any]:
        """State for other processes, which build the cost model themselves."""
        state = super().__getstate__()
        kept = {name: value for name, value in state["__dict__"].items() if name != "_model"}
        return {**state, "__dict__": kept}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the networks."""
        return tuple(n.name for n in self.networks)

    @property
    def workloads(self) -> tuple[str, ...]:
        """Sources of the networks, in the order of objectives and tables."""
        return tuple(n.source for n in self.networks)

    @property
    def weights(self) -> tuple[float, ...] | None:
        """Weights of the networks; None if the study has none."""
        stated = any("weight" in n.model_fields_set for n in self.networks)
        return tuple(n.weight for n in self.networks) if stated else None

    def caution_on_weights(self, criterion: str | None = None) -> str:
        """Says that the study sets weights which a criterion ignores; else empty.

        Args:
            criterion: name of a criterion of the package. If None or another one, that of the
                study.
        """
        criteria = [self.resolved_criterion]
        if criterion in NAMED:
            criteria = [NAMED[criterion]]
        elif self.nearly_best is not None:
            criteria = [self.nearly_best.first, self.nearly_best.second]
        differ = len({*(self.weights or ())}) > 1
        if not (differ and all(c.ignores_weights for c in criteria)):
            return ""
        return (
            f"{self.name} sets weights of networks, which criterion {criteria[0].name} ignores; "
            f"{', '.join(WEIGHTED)} count them"
        )

    def warn_of_weights(self, criterion: str | None = None) -> None:
        """Warn of `caution_on_weights` the caller of the method that calls this one.

        Args:
            criterion: see `caution_on_weights`.
        """
        if text := self.caution_on_weights(criterion):
            warnings.warn(text, stacklevel=3)

    @property
    def area_limit_m2(self) -> float | None:
        """Area limit, m²; None for no limit."""
        limit = self.area_limit_mm2
        return limit / MM2_PER_M2 if limit < float("inf") else None

    @property
    def cost_per_cm2(self) -> dict[int, float] | None:
        """Cost per cm² by technology node, nm; None if cost is no objective."""
        return {int(node): c for node, c in self.cost.items()} if self.cost else None

    @property
    def limits(self) -> dict[str, Limits] | None:
        """Limits by network; None if there are none."""
        return self._of_networks(lambda n: n.limits)

    @property
    def edap(self) -> EdapDefinition:
        """Delay and area of every EDAP."""
        return EdapDefinition(self.delay, self.area)

    @property
    def _edap_settings(self) -> dict[str, str]:
        """Keys of `edap` with other values than by default."""
        settings, default = asdict(self.edap), asdict(EdapDefinition())
        return {key: value for key, value in settings.items() if value != default[key]}

    @property
    def _tolerance_settings(self) -> dict[str, Any]:
        names = {"criterion": self.criterion, "second_criterion": self.second_criterion}
        return {"share": self.tolerance, **names, "baselines": self.baselines}

    @property
    def _objectives(self) -> tuple[str, ...]:
        """Further objectives of the model: those of the study and those that its EDAP multiplies.

        A design is selected from the Pareto front, which need not hold the least product of a
        quantity that is no objective.
        """
        needed = self.edap.quantities if self.model == "physical" else {}
        extra = [needed[key] for key in self._edap_settings if key in needed]
        return (*self.objectives, *(name for name in extra if name not in self.objectives))

    @property
    def precision(self) -> dict[str, tuple[int, int]] | None:
        """Input and weight bits by network; None if all have the default."""
        bits = self._of_networks(lambda n: (n.input_bits, n.weight_bits)) or {}
        return None if {*bits.values()} == {(BITS, BITS)} else bits

    @property
    def weight_clip(self) -> dict[str, float] | None:
        """Largest stored weight by network, as a share of the largest weight of its channel."""
        return self._of_networks(lambda n: n.weight_clip if n.weight_clip < 1 else None)

    @property
    def layers_digital(self) -> dict[str, tuple[str, ...]] | None:
        """Layers on the digital unit, by network."""
        return self._of_networks(lambda n: n.layers_digital)

    @property
    def kv_bits(self) -> dict[str, int] | None:
        """Precision of cached keys and values by network, where it is not the default."""
        return self._of_networks(lambda n: n.kv_bits if n.kv_bits != BITS else None)

    @property
    def weights_of(self) -> dict[str, str] | None:
        """Owner of the weights by network, where it is another network."""
        return self._of_networks(lambda n: n.weights_of)

    @property
    def accuracy(self) -> dict[str, AccuracyFile] | None:
        """Accuracy data and allowed drop, by network."""
        return self._of_networks(
            lambda n: AccuracyFile(n.accuracy, n.max_accuracy_drop) if n.accuracy else None
        )

    def _of_networks(self, value: Callable[[Network], T | None]) -> dict[str, T] | None:
        """Settings of the networks that have one, by name; None if none has."""
        settings = {n.name: value(n) for n in self.networks}
        return {name: setting for name, setting in settings.items() if setting} or None

    @property
    def seed(self) -> int:
        """Seed of a run: the first of `seeds`."""
        return self.seeds[0]

    @property
    def score(self) -> OwnScore | None:
        """Score of the user, which defines the criterion `score`; None if there is none."""
        return self.score_table.score if self.score_table else None

    @property
    def scenario(self) -> Scenario | None:
        """Requests of all networks and how a chip serves them; None if there are none."""
        if self.scenario_table is None:
            return None
        requests = self._of_networks(lambda n: n.requests) or {}
        return Scenario(requests, **self.scenario_table.model_dump())

    @property
    def own_criterion(self) -> Criterion | None:
        """Criterion of the user's score; None if there is no such score."""
        if self.score is None:
            return None
        return own_criterion(self.score).for_networks(len(self.networks))

    @property
    def resolved_criterion(self) -> Criterion:
        """The criterion that selects the design, for the networks of this study.

        Raises:
            ValueError: the criterion or score does not exist.
        """
        return self._criterion(self.criterion)

    def _criterion(self, name: str) -> Criterion:
        if name == AREA and self.scenario_table is None:
            return replace(find_criterion(AREA), needs=(AREA,))
        if name != SCORE:
            return find_criterion(name).for_networks(len(self.networks))
        if self.own_criterion is None:
            raise ValueError(f"criterion {SCORE}: the study has no score of its own")
        return self.own_criterion

    @property
    def nearly_best(self) -> Tolerance | None:
        """Tolerance of the criterion and what selects within it; None if there is none.

        Raises:
            ValueError: one of the two keys is missing, or a criterion does not go with them.
        """
        if (self.tolerance is None) != (self.second_criterion is None):
            there, other = "tolerance", "second_criterion"
            if self.tolerance is None:
                there, other = other, there
            raise ValueError(f"{there} needs {other} as well")
        if self.tolerance is None or self.second_criterion is None:
            return None
        first, second = (self._criterion(n) for n in (self.criterion, self.second_criterion))
        return Tolerance(self.tolerance, first, second, joint=not self.baselines)

    @property
    def start_levels(self) -> Levels | None:
        """The design of `start`, shape (1, n_parameters); None if there is none.

        Raises:
            ValueError: it is no design of the space.
        """
        if self.start is None:
            return None
        try:
            return self.space.levels_of(self.start)
        except ValueError as error:
            raise ValueError(f"start: {error}") from None

    @property
    def score_name(self) -> str:
        """Name in tables of the score that selects the design."""
        return self.resolved_criterion.score_name(joint=not self.baselines)

    @property
    def answer_name(self) -> str:
        """Name in tables of the score whose optimum is the answer: with a tolerance, that of the
        second criterion among nearly best designs, else `score_name`."""
        return self.score_name if self.nearly_best is None else self.nearly_best.name

    @property
    def certificate_name(self) -> str:
        """Name of the certificate of the score that selects the design, or that a tolerance counts
        from."""
        return self.resolved_criterion.certificate_name(joint=not self.baselines)

    @property
    def default_proof(self) -> str:
        """Name of the certificate that `certify` proves first if no criterion is named. Without a
        tolerance, regrets are against chips for one network, even without baselines."""
        is_plain = self.nearly_best is None
        return self.resolved_criterion.name if is_plain else self.certificate_name

    @cached_property
    def _networks_read(self) -> WorkloadSet:
        return WorkloadSet(tuple(n.workload for n in self.networks))

    def network_set(self) -> WorkloadSet:
        """Return the layers of all networks, read once."""
        return self._networks_read

    def cost_model(self, networks: WorkloadSet | None = None, **options: object) -> CostModel:
        """Return the cost model of the space and all networks, built once.

        Args:
            networks: other layers of the networks, of the same names. If None, those of the study.
            options: further options of the model, such as other `assumptions` of the physical one;
                a model with options or other layers is not stored.

        Raises:
            ValueError: a network is unknown, or the model cannot cost the space.
            OSError: the file of a network or the component table cannot be read.
        """
        if networks is None and not options:
            return self._model
        return self._made(networks or self.network_set(), options)

    @cached_property
    def _model(self) -> CostModel:
        alike: Study | None = self.__dict__.get("_alike")
        if alike is not None and self.model == "physical" and self.scenario is None:
            with suppress(ValueError):  # the other assumptions may not fit the space
                model = cast("PhysicalEvaluator", alike.cost_model())
                return model.with_assumptions(self._assumptions())
        return self._made(self.network_set(), {})

    def _made(self, networks: WorkloadSet, options: Mapping[str, object]) -> CostModel:
        """A new cost model of some layers, with further options."""
        # A user's model need not accept options that the study does not set.
        asked: dict[str, Any] = {
            "components": self.components,
            "precision": self.precision,
            **{key: getattr(self, key) for key in WEIGHT_KEYS},
            "objectives": self._objectives or None,
            **{key: getattr(self, key) for key in SNR_LIMITS},
            **(accuracy_options(self.accuracy, networks) if self.accuracy else {}),
            "assumptions": self._assumptions(),
        }
        if self.scenario is not None:
            asked["saves_between_layers"] = self.scenario.saves or None
            # Worst order of requests: weights are written for every inference.
            asked["requests_per_switch"] = 1.0
            # Another network may run between two inferences, and leaves caches where they are.
            if self.weights_of or any(network.has_cache for network in networks.workloads):
                asked["interleaved"] = True
        asked |= options
        model = registry.make(
            self.model,
            self.space,
            networks,
            deployment=self.deployment,
            **{name: value for name, value in asked.items() if value is not None},
        )
        if self.scenario is None:
            return model
        if self.scenario.sharing == "space":
            return SpaceModel(cast("PhysicalEvaluator", model), self.scenario)
        return ScenarioModel(model, self.scenario)

    @cached_property
    def calibrated(self) -> Calibration | None:
        """Calibration of the cost model, read once; None if there is none."""
        if self.calibration is None:
            return None
        from imcmoo.study.calibration import Calibration

        return Calibration.load(self.calibration)

    def _assumptions(self) -> Assumptions | None:
        """Assumptions with those of calibration and study; None if all are the default ones."""
        base = self._calibrated_assumptions()
        if not self.assumptions:
            return base
        return (base or Assumptions()).having(**self.assumptions)

    def _calibrated_assumptions(self) -> Assumptions | None:
        """Calibrated assumptions; None if the study has no calibration."""
        if self.calibrated is None:
            return None
        has_model = ADC_MODEL in (*self.space.names, *self.space.fixed)
        models = self.space.values_of(ADC_MODEL) if has_model else (DEFAULTS[ADC_MODEL],)
        table = PhysicalTable.load(self.components)
        try:
            self.calibrated.check(self.space.fixed["device"], models, table)
        except ValueError as error:
            raise ValueError(f"calibration: {self.calibration} {error}") from None
        return self.calibrated.assumptions()

    def problem(
        self, model: CostModel | None = None, *, also: Sequence[Criterion] = ()
    ) -> AcceleratorProblem:
        """Return the optimization problem.

        Args:
            model: result of `cost_model`, or of its `for_network`. If None, that of `cost_model`.
            also: further criteria.
        """
        model = model or self.cost_model()
        columns = [i for i, name in enumerate(self.names) if name in model.workload_names]
        weights = [self.weights[i] for i in columns] if self.weights else None
        limits = self.limits
        if self.scenario is not None:
            stated, power = limits or {}, self.scenario.max_average_power_W
            more = {"max_load": self.scenario.max_load, "max_average_power_W": power}
            limits = {n: replace(stated.get(n, Limits()), **more) for n in self.names}
        return AcceleratorProblem(
            model,
            area_limit_m2=self.area_limit_m2,
            cost_per_cm2=self.cost_per_cm2,
            requested=[*self._requested(), *also],
            tolerance=self.nearly_best,
            weights=weights,
            limits=limits,
            edap=self.edap,
            own_modules=self.own_modules,
            own_data=self._handed(),
        )

    def _requested(self) -> list[Criterion]:
        """Criteria that the study names, each once."""
        second = None if self.nearly_best is None else self.nearly_best.second
        named = [self.own_criterion, self.resolved_criterion, second]
        return [c for at, c in enumerate(named) if c is not None and c not in named[:at]]

    @property
    def own_modules(self) -> tuple[str, ...]:
        """Dotted names of the user's modules that define model, criterion and score."""
        model = registry.module_of_users(self.model)
        paths = [p for p in (self.criterion, self.score) if isinstance(p, str) and ":" in p]
        return (*([model] if model else []), *(path.partition(":")[0] for path in paths))

    def _handed(self) -> str:
        """Arguments of a user's model, with digests of files; empty for shipped models."""
        if self.model in registry.MODELS:
            return ""
        table = self.components and sha256(Path(self.components))
        bits = sorted((self.precision or {}).items())
        networks = self.network_set().fingerprint
        stated = [self.deployment, self.objectives, table, bits, networks]
        of_networks = [sorted(s.items()) for key in WEIGHT_KEYS if (s := getattr(self, key))]
        return repr((*stated, *of_networks))

    def with_settings(self, stored: Mapping[str, object], names: Iterable[str]) -> Study:
        """Copy with area limit, assumptions and other settings, by name, of stored results."""
        settings, limit = {name: stored[name] for name in names}, stored["area_limit_mm2"]
        if (assumed := stored.get("assumptions")) != self.assumptions:
            settings["assumptions"] = assumed
        if (named := stored.get("algorithm")) != self.algorithm:
            settings["algorithm"] = AlgorithmName.stored(named)
        if "seed" in settings:
            settings["seeds"] = settings.pop("seed")
        if limit != self.to_config()["area_limit_mm2"]:
            settings["area_limit_mm2"] = limit
        return self.replace(**settings)

    def with_absolute_paths(self) -> Study:
        """Copy with absolute paths, for processes in other folders."""
        networks = [
            n.replace(
                **({"source": _absolute(n.source)} if is_path(n.source) else {}),
                **({"accuracy": _absolute(n.accuracy)} if n.accuracy else {}),
            )
            for n in self.networks
        ]
        named = self.components in (None, OPEN)
        table = {} if named else {"components": _absolute(str(self.components))}
        if self.calibration and is_file(self.calibration):
            table["calibration"] = _absolute(self.calibration)
        return self.replace(networks=networks, **table)

    def to_toml(self, folder: Path | None = None) -> str:
        """Text of a study file.

        Args:
            folder: folder of the file, which its paths are relative to. If None, they are absolute.

        Raises:
            ValueError: the space is not derived from a shipped space, so a file cannot describe it.
        """
        stated = self._stated()
        stated.pop("file", None)
        stated.pop("device", None)  # the space says it
        space = table_of_space(self.space, name=self.name, model=self.model)
        tables = {
            key: stated[key]._stated() for key in TABLES if key != "networks" and stated.get(key)
        }
        networks = [network._stated() for network in stated.pop("networks")]
        for keys in (stated, *networks):
            keys |= {k: _path_from(k, keys[k], folder) for k in PATHS if k in keys}
        return toml_text({**stated, "space": space, **tables, "networks": networks})

    def to_config(self) -> dict[str, Any]:
        """Settings in display units, as JSON values."""
        area = None if self.area_limit_m2 is None else self.area_limit_m2 * MM2_PER_M2
        snr_limits, files = {key: getattr(self, key) for key in SNR_LIMITS}, self.accuracy
        return {
            "study": self.name,
            "seed": self.seed,
            "budget": self.budget,
            "criterion": self.criterion,
            "baselines": self.baselines,
            **({"start": dict(self.start)} if self.start else {}),
            **({"count_checks": True} if self.count_checks else {}),
            **({"algorithm": str(self.algorithm)} if self.algorithm else {}),
            "area_limit_mm2": area,
            "deployment": self.deployment,
            "model": self.model,
            "space": {p.name: _described(p) for p in self.space.parameters},
            "fixed": dict(self.space.fixed),
            "workloads": list(self.names),
            "weights": list(self.weights) if self.weights else None,
            "limits": {n: limits.given() for n, limits in (self.limits or {}).items()} or None,
            "score": asdict(self.score) if isinstance(self.score, Exponents) else self.score,
            "objectives": list(self.objectives) or None,
            # JSON has no infinity.
            **{key: f"{limit:g}" for key, limit in snr_limits.items() if limit is not None},
            **self._edap_settings,
            **({"max_dram": self.max_dram} if self.max_dram else {}),
            **({"tolerance": self._tolerance_settings} if self.tolerance else {}),
            **({"images": [*images]} if max(images := self.network_set().images) > 1 else {}),
            "precision": {n: list(bits) for n, bits in (self.precision or {}).items()} or None,
            "cost_per_cm2": {str(k): v for k, v in (self.cost_per_cm2 or {}).items()} or None,
            **{k: dict(v) for k in WEIGHT_KEYS if (v := getattr(self, k))},
            **({"calibration": self.calibrated.to_config()} if self.calibrated else {}),
            **({"assumptions": dict(self.assumptions)} if self.assumptions else {}),
            **({"scenario": self.scenario.to_config()} if self.scenario else {}),
            **({"accuracy": {n: f.to_config() for n, f in files.items()}} if files else {}),
        }


def _described(parameter: Parameter) -> Any:
    """Values of a parameter in display units; by value of the parameter it depends on, if any."""
    if isinstance(parameter, Conditional):
        by = {str(k): list(values) for k, values in parameter.values_by.items()}
        return {"on": parameter.on.name, "values": by}
    return list(parameter.values)


TABLES: Mapping[str, type[Table]] = {
    "networks": Network,
    "score": ScoreTable,
    "scenario": ScenarioTable,
    "uncertainty": UncertaintyTable,
}
"""Tables of a study file, by key."""


def keys_of_tables() -> dict[str, list[str]]:
    """Keys of a study file by table; top-level keys are under ""."""
    top = [field.alias or name for name, field in Study.model_fields.items() if name != "file"]
    return {"": top, **{key: list(table.model_fields) for key, table in TABLES.items()}}


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def _path_from(key: str, value: str | None, folder: Path | None) -> str | None:
    """The value of one of `PATHS`: a path is made relative to a folder, or absolute without one;
    other values, such as the name of a shipped network, are kept."""
    named = {"components": value == OPEN}
    if value and key in ("source", "calibration"):
        named = {"source": not is_path(value), "calibration": not is_file(value)}
    if not value or named.get(key):
        return value
    value = _absolute(value)
    if folder is None:
        return value
    # Links are followed, since `..` leaves the folder that a link points to.
    path = Path(value).parent.resolve() / Path(value).name
    return os.path.relpath(path, folder.resolve())
