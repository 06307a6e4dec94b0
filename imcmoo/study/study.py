"""A study as a value: what is asked, complete, and nothing else.

Whoever runs, enumerates or compares a study is handed one of these; nothing is looked up by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from imcmoo.hardware.devices import keeps_weights
from imcmoo.io.checksums import sha256
from imcmoo.io.errors import check_choice, check_name
from imcmoo.model import registry
from imcmoo.model.cost_model import CostModel, Deployment
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import Workload, WorkloadSet, is_path, network_name
from imcmoo.problem.criteria import OF_SCENARIOS, Criterion, find_criterion
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents, OwnScore, own_criterion
from imcmoo.problem.problem import AcceleratorProblem, check_weights
from imcmoo.problem.scores import AGGREGATIONS, MM2_PER_M2
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Scenario
from imcmoo.scenario.space_sharing import SpaceModel
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Parameter

if TYPE_CHECKING:
    from imcmoo.model.physical.model import PhysicalEvaluator

RESERVED = ("joint", *AGGREGATIONS)
"""Names of columns, searches and files that no network may have."""

OF_WEIGHTS = ("weight_clip", "layers_digital")
"""Settings by network of how its weights are stored."""

OF_NETWORKS = (*OF_WEIGHTS, "accuracy")
"""Settings by network that only a model with noise knows."""

FOLDERS = ("ablation", "certified", "compare", "docs", "exact", "published", "random")
"""Folders that commands make beside those of studies, so that no study may be called so."""


OF_SEARCHES = {"area_limit_m2", "baselines", "budget", "criterion", "score", "seed", "seeds"}
"""Fields of a study that its cost model does not depend on."""

READ_ONCE = ("_networks", "_model")
"""What a study reads and builds when it is first asked for."""


@dataclass(frozen=True)
class AccuracyFile:
    """Accuracy data of a network and the drop of its score that a study allows.

    Args:
        path: of `imcmoo import --data`.
        max_drop: largest drop below the float score; None for no limit.
    """

    path: str
    max_drop: float | None = None

    def to_config(self) -> dict[str, Any]:
        """The settings as JSON values, with a digest in place of the folder."""
        path = Path(self.path)
        return {"file": path.name, "sha256": sha256(path), "max_accuracy_drop": self.max_drop}


def accuracy_options(files: Mapping[str, AccuracyFile], networks: WorkloadSet) -> dict[str, Any]:
    """Options of a cost model that predicts accuracy, from the files of networks by name.

    Raises:
        ValueError: a file that is none of `imcmoo import --data`, or of another network.
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
    }


@dataclass(frozen=True)
class Study:
    """A design task: space, networks, criterion, and how it is searched.

    The same study gives the same files, byte for byte.

    Args:
        name: of the folder and in titles; nothing is looked up by it. Letters, digits, `_`, `.` and
            `-`, beginning with a letter or digit; none of `FOLDERS`.
        space: the designs to choose from.
        workloads: the networks, in the order of objectives and tables: names of shipped ones, or
            paths of CSVs, which are called as their files.
        weights: how much each network counts, from 1e-6 to 1e6, in their order; equal by default.
        area_limit_m2: largest chip allowed; 800 mm², the reticle limit the paper assumes; None for
            no limit.
        cost_per_cm2: cost of a square centimetre by technology node in nm, if cost is an objective.
        limits: what networks may cost at the most, by name of the network.
        score: a score of the user, which is then the criterion `score`.
        model: a name in `registry.MODELS`, or `module:Class` of a user's cost model.
        components: the path of a user's component table; the shipped one by default.
        precision: bits of inputs and of weights by name of the network, where a model is to know;
            8 by default.
        weight_clip: largest weight that is stored, as a share of the largest of its channel, by
            name of the network; 1 by default. Of the physical model.
        layers_digital: layers that run on the digital unit by name of the network, likewise.
        accuracy: accuracy data and largest drop of networks by name, where the model is to predict
            accuracy; None by default.
        objectives: what is an objective as well, of what the model gives beside energy, latency and
            area.
        compute_snr_limit_dB: least signal to noise of ADCs and cells, minus infinity for no limit;
            the default of the physical model for the device.
        deployment: whether resident weights share a chip "alone" or "together" with the others'.
        budget: unique designs evaluated by each search, at least 1.
        criterion: what has the last word: a name in `criteria.NAMED`, `score`, or `module:name`;
            see `selected_by`.
        baselines: whether to search for each workload alone as well.
        seed: of every random choice, at least 0.
        seeds: what is run where a command line names no seed; `seed` alone by default.
        scenario: requests of all networks and how a chip serves them; of the physical model.
        file: the study file this was read from, as it was given; a study of the catalogue has none.

    Raises:
        ValueError: a name that no study or network can have, an unknown model, criterion,
            deployment, a number out of range, two networks of one name, or a limit of a network
            that is not here.
    """

    name: str
    space: DesignSpace
    workloads: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    area_limit_m2: float | None = 800e-6
    cost_per_cm2: Mapping[int, float] | None = None
    limits: Mapping[str, Limits] | None = None
    score: OwnScore | None = None
    model: str = "reference"
    components: str | None = None
    precision: Mapping[str, tuple[int, int]] | None = None
    weight_clip: Mapping[str, float] | None = None
    layers_digital: Mapping[str, tuple[str, ...]] | None = None
    accuracy: Mapping[str, AccuracyFile] | None = None
    objectives: tuple[str, ...] = ()
    compute_snr_limit_dB: float | None = None
    deployment: Deployment = "alone"
    budget: int = 3300
    criterion: str = "regret_minimax"
    baselines: bool = True
    seed: int = 1
    seeds: tuple[int, ...] = ()
    scenario: Scenario | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        check_study_name(self.name)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.budget < 1:
            raise ValueError(f"budget must be at least 1 design, got {self.budget}")
        limit = self.area_limit_m2
        if limit is not None and not 0 < limit < float("inf"):
            raise ValueError(f"area limit must be positive, got {limit * MM2_PER_M2:g} mm²")
        if self.weights is not None:
            check_weights(self.weights, len(self.workloads))
        check_names(self.names)
        by_network = (*(getattr(self, key) for key in OF_NETWORKS), self.limits, self.precision)
        for name in (name for settings in by_network for name in settings or {}):
            if name not in self.names:
                raise ValueError(f"no network '{name}' here; here are {', '.join(self.names)}")
        _ = self.asked_criterion, self.own_criterion
        registry.find(self.model)
        for key in OF_NETWORKS:
            if getattr(self, key) and self.model == "reference":
                raise ValueError(f"{key} needs the physical model, not the reference model")
        check_choice("deployment", self.deployment, get_args(Deployment))
        self._check_scenario()

    def _check_scenario(self) -> None:
        """Check that the scenario fits the networks, the model and the device."""
        if self.scenario is None:
            if self.criterion in OF_SCENARIOS:
                raise ValueError(
                    f"criterion {self.criterion} needs a [scenario]"
                    + ("; [score] area = 1 selects the smallest chip" * (self.criterion == "area"))
                )
            return
        if self.model != "physical":
            raise ValueError(f"a scenario needs model physical, not {self.model}")
        if {*self.scenario.requests} != {*self.names}:
            raise ValueError("a scenario must have requests of every network and of no other")
        resident = any(map(keeps_weights, self.space.values_of("device")))
        if self.scenario.sharing == "space" and not resident:
            raise ValueError('sharing = "space" needs device rram, whose weights stay on the chip')
        if resident and self.deployment == "alone":
            raise ValueError(
                "a scenario on rram needs deployment together: rewriting weights at every request "
                "takes too long and wears cells out"
            )

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.to_config(), sort_keys=True)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the networks."""
        return tuple(network_name(source) for source in self.workloads)

    @property
    def own_criterion(self) -> Criterion | None:
        """The criterion made of the user's score."""
        return None if self.score is None else own_criterion(self.score)

    @property
    def asked_criterion(self) -> Criterion:
        """The criterion that has the last word.

        Raises:
            ValueError: there is no such criterion or score.
        """
        if self.criterion != SCORE:
            return find_criterion(self.criterion)
        if self.own_criterion is None:
            raise ValueError(f"criterion {SCORE}: the study has no score of its own")
        return self.own_criterion

    @property
    def selected_by(self) -> str:
        """Name of the score that has the last word."""
        return self.asked_criterion.name_of_score(joint=not self.baselines)

    def replace(self, **changes: Any) -> Study:
        """A copy with other values of some fields; keeps the networks and the model if it can."""
        study = replace(self, **changes)
        if changes.keys() <= OF_SEARCHES:
            study.__dict__.update({n: v for n, v in self.__dict__.items() if n in READ_ONCE})
        return study

    def with_networks(self, networks: Mapping[str, Workload]) -> Study:
        """The study with its networks, by their source, that were read already."""
        study = replace(self)
        study.__dict__["_networks"] = WorkloadSet(tuple(networks[s] for s in self.workloads))
        return study

    def __getstate__(self) -> dict[str, Any]:
        """State for other processes, which read the networks and build the model themselves."""
        return {name: value for name, value in self.__dict__.items() if name not in READ_ONCE}

    def network_set(self) -> WorkloadSet:
        """The networks, read once.

        Raises:
            ValueError: an unknown network, or a file that is none.
        """
        return self._networks

    @cached_property
    def _networks(self) -> WorkloadSet:
        return WorkloadSet.load(self.workloads)

    def cost_model(self) -> CostModel:
        """The cost model of the space and the networks, built once.

        Raises:
            ValueError: an unknown network, or a space the model cannot cost.
            OSError: a network's CSV or the component table cannot be read.
        """
        return self._model

    @cached_property
    def _model(self) -> CostModel:
        networks = self.network_set()
        # A model of a user's need not know what a study does not ask for.
        asked: dict[str, Any] = {
            "components": self.components,
            "precision": self.precision,
            **{key: getattr(self, key) for key in OF_WEIGHTS},
            "objectives": self.objectives or None,
            "compute_snr_limit_dB": self.compute_snr_limit_dB,
            **(accuracy_options(self.accuracy, networks) if self.accuracy else {}),
        }
        if self.scenario is not None:
            asked["interruptible"] = self.scenario.interruptible or None
            # The worst order of requests: weights that stay are written for every inference.
            asked["requests_per_switch"] = 1.0
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

    def problem(self, model: CostModel | None = None) -> AcceleratorProblem:
        """The problem that a search solves.

        Args:
            model: a result of `cost_model`, or of its `for_network`; by default a new model of all
                networks.
        """
        model = model or self.cost_model()
        columns = [i for i, name in enumerate(self.names) if name in model.workload_names]
        weights = [self.weights[i] for i in columns] if self.weights else None
        limits = self.limits
        if self.scenario is not None:
            stated, most = limits or {}, self.scenario.max_load
            limits = {n: replace(stated.get(n, Limits()), max_load=most) for n in self.names}
        return AcceleratorProblem(
            model,
            area_limit_m2=self.area_limit_m2,
            cost_per_cm2=self.cost_per_cm2,
            requested=[c for c in (self.own_criterion, self.asked_criterion) if c is not None],
            weights=weights,
            limits=limits,
            own_modules=self.own_modules,
            own_data=self._handed(),
        )

    @property
    def own_modules(self) -> tuple[str, ...]:
        """Dotted names of the modules that the study names: of model, criterion and score."""
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
        of_networks = [sorted(s.items()) for key in OF_WEIGHTS if (s := getattr(self, key))]
        return repr((*stated, *of_networks))

    def with_settings(self, stored: Mapping[str, Any], names: Iterable[str]) -> Study:
        """The study with the area limit and other settings, by name, that its results state."""
        settings, limit = {name: stored[name] for name in names}, stored["area_limit_mm2"]
        if limit != self.to_config()["area_limit_mm2"]:
            settings["area_limit_m2"] = None if limit is None else limit / MM2_PER_M2
        return replace(self, **settings)

    def with_absolute_paths(self) -> Study:
        """The study with absolute paths, for processes in other folders."""
        sources = (str(Path(s).absolute()) if is_path(s) else s for s in self.workloads)
        table = self.components and str(Path(self.components).absolute())
        files = {n: replace(f, path=str(Path(f.path).absolute())) for n, f in self._files()}
        return replace(
            self, workloads=tuple(sources), components=table, accuracy=files or self.accuracy
        )

    def _files(self) -> Iterable[tuple[str, AccuracyFile]]:
        return (self.accuracy or {}).items()

    def to_config(self) -> dict[str, Any]:
        """The study's settings in display units, as JSON values."""
        area = None if self.area_limit_m2 is None else self.area_limit_m2 * MM2_PER_M2
        snr_limit = self.compute_snr_limit_dB
        return {
            "study": self.name,
            "seed": self.seed,
            "budget": self.budget,
            "criterion": self.criterion,
            "baselines": self.baselines,
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
            **({} if snr_limit is None else {"compute_snr_limit_dB": f"{snr_limit:g}"}),
            "precision": {n: list(bits) for n, bits in (self.precision or {}).items()} or None,
            "cost_per_cm2": {str(k): v for k, v in (self.cost_per_cm2 or {}).items()} or None,
            **{k: dict(v) for k in OF_WEIGHTS if (v := getattr(self, k))},
            **({"scenario": self.scenario.to_config()} if self.scenario else {}),
            **({"accuracy": {n: f.to_config() for n, f in self._files()}} if self.accuracy else {}),
        }


def check_study_name(name: str) -> str:
    """Check that a study can be called so; returns its name.

    Raises:
        ValueError: it cannot; says what is allowed.
    """
    check_name("the name of a study", name)
    if name.lower() in FOLDERS:  # some file systems take capitals for small letters
        raise ValueError(
            f"no study can be called '{name}': {', '.join(FOLDERS)} are folders of commands"
        )
    return name


def check_names(names: Sequence[str]) -> None:
    """Check that networks have distinct names in tables, searches and files.

    Raises:
        ValueError: two of one name, or a name that is used otherwise.
    """
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two networks are called '{name}': rename the CSV of one")
        if name in RESERVED:
            raise ValueError(
                f"no network can be called '{name}': {', '.join(RESERVED)} mean something else"
            )


def _described(parameter: Parameter) -> Any:
    """The values of a parameter in full units; by those of the parameter it depends on."""
    if isinstance(parameter, Conditional):
        by = {str(k): list(values) for k, values in parameter.values_by.items()}
        return {"on": parameter.on.name, "values": by}
    return list(parameter.values)
