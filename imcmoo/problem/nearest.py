"""Message if no design is feasible: the nearest chip and the limits it breaks."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.units import MM2_PER_M2, decibels
from imcmoo.model.metrics import DRAM_DETAILS
from imcmoo.model.physical.memory_cells import keeps_weights
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.snr_limits import SNR_LIMITS, is_said_by_compute_snr
from imcmoo.scenario.model import ScenarioModel
from imcmoo.space.design_space import Levels

MAX_STREAMED = 64
"""Number of designs among which the fastest DRAM is searched."""


def nearest(problem: AcceleratorProblem, levels: Levels, G: Floats) -> Levels:
    """Design with the smallest violation, shape (1, n_parameters).

    The sum of constraints G (octaves) counts; in a scenario, the largest.
    """
    violation = np.maximum(G, 0.0)
    served = isinstance(problem.model, ScenarioModel)
    total = violation.max(axis=1) if served else violation.sum(axis=1)
    return levels[[int(total.argmin())]]


def dram_ceilings(problem: AcceleratorProblem) -> str:
    """Limits on tokens per second above what the DRAM delivers to designs that stream weights.

    Looks at `MAX_STREAMED` random designs; empty if there is no such limit.
    """
    asked = {w: limit for w, key, limit in problem.limits.rows if key == "min_tokens_per_s"}
    if not asked or not problem.model.offers("breakdown"):
        return ""
    levels = problem.space.random(MAX_STREAMED, np.random.default_rng(0))
    costs = problem.model.breakdown(levels)
    if costs is None or DRAM_DETAILS[-1] not in costs.details:
        return ""
    images = problem.model.images or [1] * len(problem.workload_names)
    texts = []
    for w, limit in asked.items():
        times = costs.details[DRAM_DETAILS[-1]][:, w][costs.details["streamed"][:, w] == "yes"]
        most = images[w] / times.min() if len(times) else np.inf
        if most < limit:
            name = problem.workload_names[w]
            texts.append(
                f"min_tokens_per_s of {name} is {limit:g}, but where its weights are streamed, "
                f"DRAM allows at most {most:.4g} tokens/s"
            )
    return "; ".join(texts)


def nearest_text(problem: AcceleratorProblem, design: Levels) -> str:
    """Describe the design, shape (1, n_parameters), and what it breaks, the worst first."""
    shown = problem.space.text_of(design[0])
    if isinstance(problem.model, ScenarioModel):
        unserved = _unserved_text(problem.model, design)
        if unserved:
            return f"no design of space {problem.space.name} found that {unserved} ({shown})"
    broken = broken_limits(problem, design)
    return (
        f"no design of space {problem.space.name} found that keeps all limits for "
        f"{', '.join(problem.workload_names)}; the nearest ({shown}) breaks "
        + "; ".join([*broken, *filter(None, [dram_ceilings(problem)])])
    )


def _unserved_text(model: ScenarioModel, design: Levels) -> str:
    """Why a design does not serve its load; empty if it does, or if a network does not run."""
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
        f"{name} {_lateness(response, due)}" if response > due else f"{name} with that margin"
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
        return "without bound"
    return f"by {1e3 * (response_s - deadline_s):.3g} ms of {1e3 * deadline_s:.3g} ms"


def _remedies(model: ScenarioModel) -> str:
    remedies = ["a larger area limit", "fewer networks", "lower rates"]
    if model.scenario.sharing == "time":
        resident = any(map(keeps_weights, model.space.values_of("device")))
        remedies += [] if model.scenario.interruptible else ['interrupt = "layer"']
        remedies += ['sharing = "space"'] if resident else []
    return f"{', '.join(remedies[:-1])} or {remedies[-1]}"


def _size(bits: float) -> str:
    """An amount of memory, rounded up to whole bytes, in the unit that people read."""
    amount, unit = float(np.ceil(max(round(bits), 1) / 8)), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    digits = 2 if amount < 100 and unit != "B" else 4
    return f"{float(f'{amount:.{digits}g}'):,.15g} {unit}"


def broken_limits(problem: AcceleratorProblem, design: Levels) -> list[str]:
    """Limits that a design breaks and by what factor, the worst first."""
    metrics = problem.model.evaluate(design)
    broken = [
        (factor, f"{text} ({factor:.3g} times)")
        for factor, text in problem.limits.broken(metrics.values)
    ]
    limit = problem.area_limit_m2
    if limit is not None and metrics.area_m2[0] > limit:
        area, most = metrics.area_m2[0] * MM2_PER_M2, limit * MM2_PER_M2
        times = f"({area / most:.3g} times)"
        broken.append((area / most, f"area: {area:.4g} mm² against {most:g} mm² {times}"))
    used = problem.model.resource_use(design) if problem.model.offers("resource_use") else {}
    lacks_dram = problem.model.lacks_dram_for_cache(design)
    for name, resource in metrics.resources.items():
        for w, network in enumerate(problem.workload_names):
            missing, capacity = resource.missing[0, w], resource.own[0]
            shares = {limit: float(share[0, w]) for limit, share in used.items()}
            if missing <= 0 or is_said_by_compute_snr(name, shares):
                continue
            text, factor = f"{name} of {network}", 1 + missing / capacity
            if name in used and capacity == 1:
                factor = shares[name]
            if name in SNR_LIMITS:
                text = f"{SNR_LIMITS[name]} of {network}"
                if network in problem.model.generic_operands:
                    text += " with generic operands"
                text += f" ({decibels(factor)} below the limit)"
            elif name in used and capacity == 1:
                text += f" ({factor:.3g} times)"
            elif name == "buffer_bits":  # of which capacity is but a unit
                text = f"{network} needs {_size(missing)} more buffer"
                if lacks_dram[0, w]:
                    text = f"the cache of {text}, or DRAM"
            else:
                text += f": {missing:.4g} more than the {capacity:.4g} there are"
                text += f" ({factor:.3g} times)"
            broken.append((factor, text))
    return [text for _, text in sorted(broken, reverse=True)]
