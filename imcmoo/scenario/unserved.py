"""Message where no design serves a scenario: how far the best one falls short, and what helps."""

from __future__ import annotations

import numpy as np

from imcmoo.scenario.model import ScenarioModel
from imcmoo.space.design_space import Levels


def unserved_text(model: ScenarioModel, design: Levels) -> str:
    """Text of what a design lacks to serve its load; empty where it serves it or a network lacks
    resources.

    Args:
        model: of the scenario.
        design: shape (1, n_parameters), usually that of the largest capacity.
    """
    service, scenario = model.service(design), model.scenario
    capacity = service.capacity[0]
    if not np.isfinite(capacity).all() or capacity.min() >= 1 + scenario.margin:
        return ""
    margin = f" with a margin of {100 * scenario.margin:g} %" if scenario.margin else ""
    use = float(service.chip_utilization[0])
    busy = f"a utilization of {use:.3g}"
    if use > 1:
        busy += ", so that it is asked for more work than it can do"
    late = [
        f"{name} by {_lateness(response, due)}" if response > due else f"{name} with that margin"
        for name, response, due, factor in zip(
            model.workload_names,
            service.response_s[0],
            model.load.deadline_s,
            capacity,
            strict=True,
        )
        if factor < 1 + scenario.margin
    ]
    return (
        f"serves its load{margin}; the best serves {capacity.min():.3g} of it, at {busy}; late are "
        f"{', '.join(late)}; {_remedies(model)} would help"
    )


def _lateness(response_s: float, deadline_s: float) -> str:
    if not np.isfinite(response_s):
        return "any time"
    return f"{1e3 * (response_s - deadline_s):.3g} ms of {1e3 * deadline_s:.3g} ms"


def _remedies(model: ScenarioModel) -> str:
    remedies = ["a larger area limit", "fewer networks", "lower rates"]
    if model.scenario.sharing == "time":
        rram = "rram" in model.space.values_of("device")
        remedies += [] if model.scenario.interruptible else ['interrupt = "layer"']
        remedies += ['sharing = "space"'] if rram else []
    return f"{', '.join(remedies[:-1])} or {remedies[-1]}"
