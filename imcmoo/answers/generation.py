"""Figures of generation with language models: times and energies of tokens and of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.arrays import Floats
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import ENERGY, LATENCY
from imcmoo.networks.language_model import PREFILL, STEP, keys_of_steps, step_that_sees
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

GENERATION, STEPS = "generation", "steps"
"""Names of the tables, without `.csv`."""


def has_generation(model: CostModel) -> bool:
    """True if a model with energy and latency has networks of a language model."""
    names = {quantity.name for quantity in model.quantities}
    return any(model.phases) and {ENERGY.name, LATENCY.name} <= names


def generation_figures(model: CostModel, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Figures of prefills and steps, shape (n, W) each; empty unless `has_generation`.

    A request is a prefill and all its steps: its time and energy are those of the network that uses
    the weights of the other. NaN where a figure does not apply, or a network does not run.

    Args:
        model: cost model of the study; gives phases, batches and owners of weights.
        values: its metrics: energy, latency and, if the model has it, interval.
    """
    if not has_generation(model):
        return {}
    phases = np.array(model.phases)
    energy, latency = values["energy"], values["latency"]
    interval = values.get("interval", latency)
    prefill, step = (np.where(phases == phase, 1.0, np.nan) for phase in (PREFILL, STEP))
    batch = np.array(model.images or (1,) * len(phases))
    request_s, request_J = np.full_like(latency, np.nan), np.full_like(energy, np.nan)
    for follower, owner in enumerate(model.owners):
        pair = [follower, owner]
        if follower != owner and {*phases[pair]} == {PREFILL, STEP}:
            first, further = pair if phases[follower] == PREFILL else pair[::-1]
            times = model.steps[further]
            request_s[:, follower] = latency[:, first] + times * latency[:, further]
            request_J[:, follower] = energy[:, first] + times * energy[:, further]
    return {
        "time_to_first_token_s": latency * prefill,
        "time_per_token_s": latency * step,
        "tokens_per_s": batch / interval * step,
        "token_energy_J": energy / batch * step,
        "request_s": request_s,
        "request_J": request_J,
    }


def generation_table(model: CostModel, values: Mapping[str, Floats]) -> pd.DataFrame:
    """One row for each prefill and step: phase, sequences, steps, and figures of the first design.

    Args:
        model: cost model of the study, one that `has_generation`.
        values: its metrics, see `generation_figures`.
    """
    rows = [w for w, phase in enumerate(model.phases) if phase]
    figures = generation_figures(model, values)
    return pd.DataFrame(
        {
            "network": [model.workload_names[w] for w in rows],
            "phase": [model.phases[w] for w in rows],
            "batch": [model.images[w] for w in rows],
            "steps": [model.steps[w] for w in rows],
            **{name: column[0, rows] for name, column in figures.items()},
        }
    )


def steps_table(study: Study, design: Levels) -> pd.DataFrame | None:
    """Time per token of a design over a request: at the first, the mean and the last step.

    Args:
        study: the study, of the physical model; each of its steps is costed with other keys.
        design: the design, shape (1, n_parameters).

    Returns:
        Columns network, step, keys, time_per_token_s, dram_floor_s (least time of what goes through
        DRAM) and token_energy_J; None if no network is a step, another model costs the study, or
        networks run side by side, where each step would have its own share of the chip.
    """
    networks = study.network_set().workloads
    keys = {each.name: seen for each in networks if (seen := keys_of_steps(each))}
    side_by_side = study.scenario is not None and study.scenario.sharing == "space"
    if study.model != "physical" or side_by_side or not keys:
        return None
    of_network: dict[str, list[dict[str, Any]]] = {name: [] for name in keys}
    for at in next(iter(keys.values())):
        tables = [step_that_sees(w, keys[w.name][at]) if w.name in keys else w for w in networks]
        model = study.cost_model(None if at == "mean" else WorkloadSet(tuple(tables)))
        figures = generation_figures(model, model.evaluate(design).values)
        costs = model.breakdown(design)
        assert costs is not None, "the physical model has a breakdown"
        for name, rows in of_network.items():
            w = model.workload_names.index(name)
            of_step = {
                "time_per_token_s": figures["time_per_token_s"][0, w],
                "dram_floor_s": costs.details["dram_floor_s"][0, w],
                "token_energy_J": figures["token_energy_J"][0, w],
            }
            rows.append({"network": name, "step": at, "keys": keys[name][at], **of_step})
    return pd.DataFrame([row for rows in of_network.values() for row in rows])
