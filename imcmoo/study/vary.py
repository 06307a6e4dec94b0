"""Variants of a study: changes of its keys, parameters and assumptions by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

from imcmoo.io.errors import Conflict, did_you_mean
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.memory_cells import is_exact
from imcmoo.model.physical.parameters import DEFAULTS
from imcmoo.networks.workloads import network_name
from imcmoo.study.devices import ANALOG_KEYS
from imcmoo.study.spaces import spaces, table_of_space, usual_base
from imcmoo.study.study import Study
from imcmoo.study.tables import Network, ScenarioTable

NOT_CHANGED = (
    *("name", "file", "space", "start", "assumptions", "score_table", "scenario_table"),
    *("uncertainty", "failed"),
)
"""Fields of a study that are no keys of a change."""

PRECISION = "precision"
"""Key for `input_bits` and `weight_bits` of all networks."""

Change = Mapping[str, Any]
"""New values by key: a key of the study, of all networks (or `NETWORK.key` of one) or of the
scenario, a parameter of the space, or an assumption of the physical model."""


def vary(study: Study, changes: Sequence[Change]) -> list[Study]:
    """Variants of a study, one for each change::

        vary(study, [{"technology_nm": 22}, {"adc_energy_factor": 0.5}, {"device": "dimc"}])

    Args:
        study: the study.
        changes: each a change of its own; all keys of one are changed together.

    Raises:
        ValueError: a key is unknown or its value is wrong, which is named; or `changes` is one
            dictionary, not a list.
    """
    check_list(changes)
    return [changed(study, change)[0] for change in changes]


def check_list(changes: object) -> None:
    """Refuse one change in place of a list."""
    if isinstance(changes, Mapping):
        raise ValueError(f"changes are a list of dictionaries, got one: {dict(changes)}")


def changed(study: Study, change: Change) -> tuple[Study, tuple[str, ...]]:
    """Apply all keys of a change at once.

    Returns:
        The changed study, and the values of its space that a new device does not have.

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
    networks = _changed_networks(listed, change, kinds)
    dropped: tuple[str, ...] = ()
    if "device" in keys or "model" in keys or space:
        table, dropped = _space(study, keys, space)
        keys["space"] = table
        if "device" in keys and is_exact(keys["device"]):
            keys |= {k: None for k in ANALOG_KEYS if k in study.model_fields_set and k not in keys}
    if scenario:
        assert study.scenario_table is not None, "a key of [scenario] is known only with one"
        keys["scenario"] = study.scenario_table.replace(**scenario)
    if networks != study.networks:
        keys["networks"] = networks
    after = study.replace(**keys)
    with suppress(Conflict):  # is the answer of this variant
        after.problem()  # refuses values that the cost model does not have
    return after, dropped


def _changed_networks(
    listed: Sequence[Network], change: Change, kinds: Mapping[str, tuple[str, str, str]]
) -> tuple[Network, ...]:
    """The networks with their changed keys."""
    networks = {network.name: network for network in listed}
    for key, (kind, name, of) in kinds.items():
        if kind == "network":
            if of and of not in networks:
                raise ValueError(f"{key}: {of} is not among the networks of this change")
            bits = ("input_bits", "weight_bits") if name == PRECISION else (name,)
            new = dict.fromkeys(bits, change[key])
            networks |= {n: networks[n].replace(**new) for n in ([of] if of else networks)}
    return tuple(networks.values())


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


def _networks(study: Study, value: object) -> list[Network]:
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
