"""A study as a TOML file: what may stand in it, and the study it makes.

Names of keys are part of the interface. Whatever is left out is as in `Study`. Paths are relative
to the file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from imcmoo.io.errors import NAME, InputError, did_you_mean, input_errors
from imcmoo.io.files import writing
from imcmoo.io.reading import read_toml
from imcmoo.model.cost_model import Deployment
from imcmoo.networks.workloads import BITS, Workload, network_name
from imcmoo.problem.criteria import AVERAGE_POWER
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.scenario.requests import Scenario
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.restricted import ValueFaults
from imcmoo.study.study import FOLDERS, AccuracyFile, Study, check_names, check_study_name
from imcmoo.study.study_tables import (
    NetworkTable,
    Positive,
    ScenarioTable,
    ScoreTable,
    SpaceSchema,
    Table,
    by_node,
    component_table,
    known_criterion,
    known_model,
    listed,
    snr_limit,
    space_of,
)

T = TypeVar("T")


class StudyFile(Table):
    """A study file."""

    name: Annotated[str, AfterValidator(check_study_name)] = Field(
        description="of the folder of results and in titles",
        json_schema_extra={"pattern": f"^{NAME.pattern}$", "not": {"enum": [*FOLDERS]}},
    )
    model: Annotated[str, AfterValidator(known_model)] = Field(
        Study.model,
        description="cost model: reference, physical, one a package offers, or module:Class",
    )
    device: Literal["rram", "sram"] | None = Field(None, description="names the base space too")
    deployment: Deployment = Study.deployment
    components: Annotated[str, AfterValidator(component_table)] | None = Field(
        None, description="path of a component table (.npz); the shipped one by default"
    )
    area_limit_mm2: float = Field(
        800.0, gt=0, allow_inf_nan=True, description="largest chip; inf for no limit"
    )
    cost: Annotated[dict[str, Positive], AfterValidator(by_node)] | None = Field(
        None, description="cost of a square centimetre by node in nm: makes cost an objective"
    )
    objectives: list[str] = Field(
        [], description="beside energy, latency and area, such as interval or snr (physical model)"
    )
    compute_snr_limit_dB: (
        Annotated[float, Field(allow_inf_nan=True), AfterValidator(snr_limit)] | None
    ) = Field(
        None,
        description="least signal to noise of ADCs and cells (physical model); -inf for no limit; "
        "15 on SRAM and none on RRAM by default",
    )
    criterion: Annotated[str, AfterValidator(known_criterion)] = Field(
        Study.criterion, description="what selects the design; score where there is one"
    )
    budget: int = Field(Study.budget, ge=1, description="unique designs evaluated by each search")
    seeds: Annotated[
        list[Annotated[int, Field(ge=0)]],
        BeforeValidator(listed),
        Field(min_length=1),
    ] = Field([Study.seed], description="a list, or one seed")
    baselines: bool = Field(Study.baselines, description="search for each network alone as well")
    space: Annotated[DesignSpace, BeforeValidator(space_of), SpaceSchema] = Field(
        default_factory=dict, validate_default=True
    )
    networks: list[NetworkTable] = Field(min_length=1)
    score: ScoreTable | None = None
    scenario: ScenarioTable | None = None

    def study(self, file: str | None = None) -> Study:
        """The study it describes.

        Args:
            file: where it was read from, if the study is to be called by that.

        Raises:
            ValueError: parts that do not fit together.
        """
        check_names([network_name(n.source) for n in self.networks])
        limit = self.area_limit_mm2
        weighs = any("weight" in n.model_fields_set for n in self.networks)
        bits = self._of_networks(lambda n: (n.input_bits, n.weight_bits)) or {}
        return Study(
            self.name,
            self.space,
            tuple(n.source for n in self.networks),
            weights=tuple(n.weight for n in self.networks) if weighs else None,
            area_limit_m2=limit / MM2_PER_M2 if limit < float("inf") else None,
            cost_per_cm2={int(node): c for node, c in self.cost.items()} if self.cost else None,
            limits=self._of_networks(lambda n: n.limits),
            precision=None if {*bits.values()} == {(BITS, BITS)} else bits,
            weight_clip=self._of_networks(lambda n: n.weight_clip if n.weight_clip < 1 else None),
            layers_digital=self._of_networks(lambda n: tuple(n.layers_digital)),
            accuracy=self._of_networks(
                lambda n: AccuracyFile(n.accuracy, n.max_accuracy_drop) if n.accuracy else None
            ),
            components=self.components,
            objectives=tuple(self.objectives),
            compute_snr_limit_dB=self.compute_snr_limit_dB,
            scenario=self._scenario(),
            score=self.score.score if self.score else None,
            criterion=self._criterion(),
            model=self.model,
            deployment=self.deployment,
            budget=self.budget,
            baselines=self.baselines,
            seed=self.seeds[0],
            seeds=tuple(self.seeds) if len(self.seeds) > 1 else (),
            file=file,
        )

    def _of_networks(self, value: Callable[[NetworkTable], T | None]) -> dict[str, T] | None:
        """Settings of the networks that have one, by name; None if none has."""
        settings = {network_name(n.source): value(n) for n in self.networks}
        return {name: setting for name, setting in settings.items() if setting} or None

    def _criterion(self) -> str:
        """Name of the criterion: by default average power in a scenario, or the study's score."""
        if "criterion" in self.model_fields_set:
            return self.criterion
        if self.scenario is not None:
            return AVERAGE_POWER
        return self.criterion if self.score is None else SCORE

    def _scenario(self) -> Scenario | None:
        """The scenario, if there is one."""
        requests = self._of_networks(lambda n: n.requests) or {}
        if self.scenario is None:
            if requests:
                raise ValueError(f"rate_Hz of {next(iter(requests))} needs a table [scenario]")
            return None
        lacking = [n for n in (network_name(n.source) for n in self.networks) if n not in requests]
        if lacking:
            verb = "has" if len(lacking) == 1 else "have"
            raise ValueError(
                f"a scenario needs rate_Hz of every network; {', '.join(lacking)} {verb} none"
            )
        return Scenario(requests, **self.scenario.model_dump())


def read_study(path: Path, spaces: Mapping[str, DesignSpace], *, shipped: bool = False) -> Study:
    """The study a TOML file describes; paths are relative to its folder.

    Args:
        spaces: those it may begin with, by name.
        shipped: whether it is one of the catalogue: called by its name, not by its file, and known
            to be right.

    Raises:
        InputError: whatever is wrong with it, a line for each fault.
    """
    with input_errors():
        content = read_toml(path)
    try:
        networks: dict[str, Workload] = {}
        context = {"folder": path.parent, "spaces": spaces, "networks": networks}
        read = StudyFile.model_validate(content, context=context)
    except ValidationError as error:
        raise InputError(fault_lines(path, error)) from None
    with input_errors(f"{path}: "):
        study = read.study(None if shipped else str(path)).with_networks(networks)
        if not shipped:
            _check(study)
    return study


def _check(study: Study) -> None:
    """Check that a cost model can be made of it, which only the model itself can tell."""
    costs = study.cost_per_cm2
    if costs:
        lacking = [n for n in study.space.values_of("technology_nm") if n not in costs]
        if lacking:
            there = ", ".join(map(str, costs))
            raise ValueError(f"cost: none at {lacking[0]} nm; there are {there}")
    study.problem()


TABLES: Mapping[str, type[Table]] = {
    "networks": NetworkTable,
    "score": ScoreTable,
    "scenario": ScenarioTable,
}
"""Tables within a study file, by their keys."""

_TEXTS = {
    "missing": "is missing",
    "int_type": "needs a whole number, got {value!r}",
    "int_from_float": "needs a whole number, got {value!r}",
    "float_type": "needs a number, got {value!r}",
    "string_type": "needs a text in quotes, got {value!r}",
    "bool_type": "needs true or false, got {value!r}",
    "list_type": "needs a list, [...], got {value!r}",
    "dict_type": "needs a table, got {value!r}",
    "model_type": "needs a table, got {value!r}",
    "greater_than": "must be above {gt:g}, got {value!r}",
    "greater_than_equal": "must be at least {ge:g}, got {value!r}",
    "less_than_equal": "must be at most {le:g}, got {value!r}",
    "finite_number": "must be finite, got {value!r}",
    "too_short": "needs at least {min_length}",
}
"""What is wrong, by pydantic's type of error."""

REMOVED_KEYS = {
    "scaling": "studies use the paper's technology scaling; in Python, "
    "Evaluator(space, networks, ComponentTable.read()) uses hwcomponents' own"
}
"""Removed keys of a study file, with the replacement of each."""


def fault_lines(file: Path, error: ValidationError) -> str:
    """Every fault pydantic found, a line each."""
    lines = []
    for fault in error.errors():
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, ValueFaults):
            texts = {(*fault["loc"], name): text for name, text in cause.faults.items()}
        else:
            texts = {tuple(fault["loc"]): _text(fault)}
        lines += [f"{file}: {_key(loc)}{text}" for loc, text in texts.items()]
    return "\n".join(lines)


def _key(loc: Sequence[int | str]) -> str:
    """The key as people write it: `networks[1].weight: `."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""


def _text(fault: Any) -> str:
    kind, value, ctx = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden" and fault["loc"][-1] in REMOVED_KEYS:
        return f"was removed: {REMOVED_KEYS[fault['loc'][-1]]}"
    if kind == "extra_forbidden":
        keys = list(TABLES.get(fault["loc"][0], StudyFile).model_fields)
        return f"unknown key; {did_you_mean(fault['loc'][-1], keys)}allowed: {', '.join(keys)}"
    if kind == "literal_error":
        allowed = [part.strip(" '") for part in ctx["expected"].replace(" or ", ",").split(",")]
        return f"unknown {value!r}; {did_you_mean(value, allowed)}allowed: {', '.join(allowed)}"
    if kind in _TEXTS:
        return _TEXTS[kind].format(value=value, **ctx)
    return str(ctx["error"]) if "error" in ctx else f"{fault['msg']}, got {value!r}"


DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps({"$schema": DIALECT, **StudyFile.model_json_schema()}, indent=2) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the schema to a file."""
    parser = argparse.ArgumentParser(
        prog="imcmoo.study.study_file", description="Write the JSON schema of study files."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="such as docs/study.schema.json")
    with writing(parser.parse_args(argv).out) as temporary:
        temporary.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
