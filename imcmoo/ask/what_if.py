"""The answer of a study under changes of its keys, parameters and assumptions, in one table.

study.what_if([{"technology_nm": 22}, {"adc_energy_factor": 0.5}, {"device": "dimc"}])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from imcmoo.io.errors import Conflict, InputError, did_you_mean
from imcmoo.io.units import display_column, to_display
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.memory_cells import is_exact
from imcmoo.model.physical.parameters import DEFAULTS
from imcmoo.networks.workloads import network_name
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.solve.solve import solve
from imcmoo.space.design_space import Levels
from imcmoo.study.devices import OF_ANALOG
from imcmoo.study.spaces import spaces, table_of_space, usual_base
from imcmoo.study.study import Study
from imcmoo.study.tables import Network, ScenarioTable

TIME_LIMIT_S = 60.0
"""Time limit of a proof per criterion."""

AS_IT_IS = "as it is"
"""Name of the answer without changes."""

NOT_CHANGED = ("name", "file", "space", "start", "assumptions", "score_table", "scenario_table")
"""Fields of a study that are no keys of a change."""

IMAGES = "images_"
"""Beginning of the columns with the images of an inference of each network."""

REGRET_OF_ONE = (
    "the regret of one network is 0 by definition, since its chip is the best for it; compare "
    "EDAP, with criterion = edap_max"
)
"""Note on a score that says nothing."""

PRECISION = "precision"
"""Key for `input_bits` and `weight_bits` of all networks."""

Change = Mapping[str, Any]
"""New values by key: a key of the study, of all networks (or `NETWORK.key` of one) or of the
scenario, a parameter of the space, or an assumption of the physical model."""


@dataclass(frozen=True)
class ChangedStudy:
    """A study after a change.

    Args:
        study: the changed study.
        dropped: values of the space that the new device does not have.
    """

    study: Study
    dropped: tuple[str, ...] = ()


def changed(study: Study, change: Change) -> ChangedStudy:
    """Apply all keys of a change at once.

    Raises:
        ValueError: a key is unknown or its value is wrong; names the key.
    """
    kinds = {key: _kind(study, key) for key in change}
    space, scenario, assumptions, keys = (
        {key: value for key, value in change.items() if kinds[key][0] == kind}
        for kind in ("space", "scenario", "assumption", "study")
    )
    if assumptions:
        keys["assumptions"] = {**(study.assumptions or {}), **assumptions}
    if not isinstance(device := keys.get("device", ""), str):
        raise ValueError(f"device: needs one name, got {device!r}")
    listed = _networks(study, keys.pop("networks")) if "networks" in keys else study.networks
    networks = {network.name: network for network in listed}
    for key, (kind, name, of) in kinds.items():
        if kind == "network":
            if of and of not in networks:
                raise ValueError(f"{key}: {of} is not among the networks of this change")
            bits = ("input_bits", "weight_bits") if name == PRECISION else (name,)
            new = dict.fromkeys(bits, change[key])
            networks |= {n: networks[n].replace(**new) for n in ([of] if of else networks)}
    dropped: tuple[str, ...] = ()
    if "device" in keys or "model" in keys or space:
        table, dropped = _space(study, keys, space)
        keys["space"] = table
        if "device" in keys and is_exact(keys["device"]):
            keys |= {k: None for k in OF_ANALOG if k in study.model_fields_set and k not in keys}
    if scenario:
        assert study.scenario_table is not None, "a key of [scenario] is known only with one"
        keys["scenario"] = study.scenario_table.replace(**scenario)
    if tuple(networks.values()) != study.networks:
        keys["networks"] = tuple(networks.values())
    after = study.replace(**keys)
    with suppress(Conflict):  # which is the answer of this change
        after.problem()  # refuses values that the cost model does not have
    return ChangedStudy(after, dropped)


def _kind(study: Study, key: str) -> tuple[str, str, str]:
    """Return where a key belongs, its name there, and the network of `NETWORK.key`."""
    network, dot, name = key.rpartition(".")
    of_networks = [*Network.model_fields, PRECISION]
    if dot and network in study.names and name in of_networks:
        return "network", name, network
    of_study = [n for n in Study.model_fields if n not in NOT_CHANGED]
    if key in of_study:
        return "study", key, ""
    if key in of_networks and key != "source":
        return "network", key, ""
    of_scenario = [*ScenarioTable.model_fields] if study.scenario_table else []
    if key in of_scenario:
        return "scenario", key, ""
    of_space, assumed = _parameters(study), [f.name for f in fields(Assumptions)]
    if key in of_space:
        return "space", key, ""
    if key in assumed and study.model == "physical":
        return "assumption", key, ""
    keys = [*of_study, *of_networks, *of_scenario, *of_space]
    hint = did_you_mean(key, [*keys, *assumed], most=3)
    raise ValueError(
        f"{key}: no key of the study, its networks or scenario, no parameter of its space and no "
        f"assumption; {hint}known: {', '.join(keys)}, and assumptions (imcmoo flip)"
    )


def _parameters(study: Study) -> list[str]:
    names = [*study.space.names, *study.space.fixed]
    if study.model == "physical":
        names += [name for name in DEFAULTS if name not in names]
    return names


def _space(
    study: Study, keys: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Table of the changed space, and what a new device does not have of the old one."""
    table = table_of_space(study.space, name=study.name, model=study.model)
    device, model = keys.get("device", study.device), keys.get("model", study.model)
    stated = {name: value for name, value in table.items() if name not in ("base", "device")}
    base = str(table["base"])
    if "device" in keys or "model" in keys:
        old = str(next(iter(study.space.values_of("device"))))
        same_kind = base.replace(old, str(device), 1)
        base = same_kind if same_kind in spaces() else str(usual_base(model, device))
    there = spaces().get(base)
    names = {*stated} if there is None else {*there.names, *there.fixed}
    kept = {name: value for name, value in stated.items() if name in names or base == table["base"]}
    dropped = tuple(f"{name} = {value}" for name, value in stated.items() if name not in kept)
    return {"base": base, **kept, **values}, dropped


def _networks(study: Study, value: Any) -> list[Network]:
    """The first networks of a study, or those of a list; known ones keep their settings."""
    listed = [value] if isinstance(value, str) else value
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= len(study.networks):
            raise ValueError(f"networks: the study has {len(study.networks)}, got {value}")
        return [*study.networks[:value]]
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        raise ValueError(f"networks: needs how many, or a list of names, got {value!r}")
    by_name = {n.name: n for n in study.networks}
    return [by_name.get(network_name(one)) or Network(source=one) for one in listed]


def what_if(
    study: Study,
    changes: Sequence[Change],
    *,
    time_limit_s: float = TIME_LIMIT_S,
    on_change: Callable[[str], None] = lambda name: None,
) -> pd.DataFrame:
    """Answer a study as it is and under each change; writes nothing.

    The answer is certified where the space has bounds, else enumerated up to `MAX_ENUMERATED`
    designs, else searched with the budget of the study, as where a proof finds no chip in time.
    Values that do not go together, such as several `adc_noise` with an ADC whose costs do not
    depend on it, are `refused` in their row.

    Args:
        study: the study.
        changes: each a change of its own; all keys of one are changed together.
        time_limit_s: time limit of a proof per criterion, s; the gap reached by then is stated.
        on_change: called with the name of each change before it is answered.

    Returns:
        One row per answer, the first without changes: `change`, `answer` (how it was found),
        `gap` (a share, NaN if unknown), `designs` of the space, `criterion`, `score`,
        `images_NETWORK` of an inference where it is of several, costs of an inference with units in
        their names, a column per parameter, and a `note`, such as why no chip is feasible or the
        change is refused.

    Raises:
        InputError: a key is unknown, a value is wrong, or a change is empty or given twice; names
            the change.
    """
    studies = {AS_IT_IS: ChangedStudy(study)}
    for change in changes:
        if not change:
            raise InputError("a change sets no key")
        name = ", ".join(f"{key}={_text(value)}" for key, value in change.items())
        if name in studies:
            raise InputError(f"{name}: this change is given twice")
        try:
            studies[name] = changed(study, change)
        except ValueError as error:
            lines = "; ".join(str(error).splitlines())
            raise InputError(f"{name}: {lines}") from None
    rows = []
    for name, one in studies.items():
        on_change(name)
        rows.append({"change": name, **_row(one, time_limit_s)})
    frame = pd.DataFrame(rows)
    one_image = [c for c in frame if str(c).startswith(IMAGES) and (frame[c].dropna() == 1).all()]
    last = ["note"]
    return frame[[*(c for c in frame if c not in (*one_image, *last)), *last]]


def _text(value: Any) -> str:
    return f"[{','.join(map(_text, value))}]" if isinstance(value, list | tuple) else str(value)


def _row(changed: ChangedStudy, time_limit_s: float) -> dict[str, Any]:
    """One row of the table: the answer, its costs and its design."""
    answer = solve(changed.study, time_limit_s=time_limit_s)
    left_out = ", ".join(changed.dropped)
    networks = changed.study.names
    notes = [f"left out: {left_out}" if left_out else "", answer.note or answer.why]
    if answer.has_chip and changed.study.asked_criterion.is_regret and len(networks) == 1:
        notes.append(REGRET_OF_ONE)
    row = {"designs": changed.study.space.size, "criterion": changed.study.selected_by}
    note = {"note": "; ".join(filter(None, notes))}
    if not answer.has_chip:
        return {"answer": answer.how, **row, **note}
    first = {"answer": answer.how, "gap": answer.gap, **row, "score": answer.score}
    images = answer.problem.model.images or (1,) * len(networks)
    first |= {f"{IMAGES}{n}": i for n, i in zip(networks, images, strict=True)}
    return {**first, **costs_of(answer.problem, answer.levels), **answer.design, **note}


def costs_of(problem: AcceleratorProblem, levels: Levels) -> dict[str, float]:
    """Costs of one design by column, in display units."""
    values = problem.model.evaluate(levels).values
    costs = {}
    for q in sorted(problem.model.quantities, key=lambda q: q.per_workload):
        columns = q.columns(problem.workload_names)
        of_networks = values[q.name][0] if q.per_workload else values[q.name][:1]
        for column, value in zip(columns, of_networks, strict=True):
            costs[display_column(column)] = float(to_display(q.unit, value))
        if q.name == "area" and "package" in values:
            costs["package_mm2"] = float(to_display("m2", values["package"][0]))
    return costs
