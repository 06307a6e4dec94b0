"""Figures of generation with language models: times and energies of tokens and of requests."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from imcmoo.arrays import Floats
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import ENERGY, LATENCY
from imcmoo.networks.language_model import PREFILL, STEP

GENERATION = "generation"
"""Name of the table, without `.csv`."""


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
