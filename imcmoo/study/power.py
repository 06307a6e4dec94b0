"""Power and operations per joule from energies and latencies of designs."""

from __future__ import annotations

from collections.abc import Mapping

from imcmoo.io.units import to_display
from imcmoo.model.metrics import Floats, tera_operations_per
from imcmoo.problem.problem import AcceleratorProblem

BESIDE = {"interval": "s", "power": "W", "snr_adc": "dB", "accuracy_drop": ""}
"""What a model may say of networks beside its quantities, and the unit."""

PLAUSIBLE_W_PER_MM2 = 1.0
"""Power density above which no air-cooled chip runs; large processors stay below it."""


def with_unit(name: str) -> str:
    """The column of something a model says beside its quantities."""
    unit = BESIDE.get(name)
    return f"{name}_{unit}" if unit else name


def power(problem: AcceleratorProblem, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Power (W), power density (W/mm²) and, where the model knows how many operations a network
    has, TOPS/W (two operations a multiply-accumulate), shape (n, W) each; nothing without EDAP.

    Power is energy over latency. If the model tells the power on the chip, it is that, and
    `energy_over_latency_W` also counts DRAM, and is what `max_power_W` limits. On pipelined chips,
    which begin the next inference before the latency is over, it may be the smaller one.
    `values` are metrics by name, in SI units.
    """
    if not problem.has_edap:
        return {}
    total = values["energy"] / values["latency"]
    watts = values.get("power", total)
    density = watts / to_display("m2", values["area"])[:, None]
    with_dram = {"energy_over_latency_W": total} if "power" in values else {}
    columns = {"power_W": watts, **with_dram, "W_per_mm2": density}
    if problem.model.macs is not None:
        columns["tops_per_W"] = tera_operations_per(problem.model.macs, values["energy"])
    return columns


def tera_operations(problem: AcceleratorProblem, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """TOPS of each network by the name `tops`, shape (n, W), where the model knows operations and
    latency; two operations a multiply-accumulate.

    Time is that from one inference to the next (`interval`), or the latency where the model says no
    other.
    """
    if "latency" not in values or problem.model.macs is None:
        return {}
    seconds = values.get("interval", values["latency"])
    return {"tops": tera_operations_per(problem.model.macs, seconds)}


PHYSICAL_BASIS = (
    "Values rest on component libraries and the assumptions of docs/physical_model.md. Compared "
    "with published macros (docs/silicon.md), TOPS/W is 1.5 to 9 times too low, depending on the "
    "ADC model, and macros have 2.5 times the area of their modelled parts in the median. Trust a "
    "ranking of designs only if all four ADC models (adc_model) agree on it. A chip within all "
    "limits can still compute wrong answers: imcmoo accuracy executes a network."
)
"""What the physical model's figures rest on and where they err."""


def caution(model: str, workloads: Mapping[str, Mapping[str, float]]) -> str | None:
    """Caution about a design's figures in `design.json`: no chip could be like this, or, for the
    physical model, the assumptions behind them; None without either."""
    if model == "physical":
        return PHYSICAL_BASIS
    density = {name: values.get("W_per_mm2", 0.0) for name, values in workloads.items()}
    worst = max(density, key=lambda name: density[name])
    if not density[worst] > PLAUSIBLE_W_PER_MM2:
        return None
    watts = workloads[worst]["power_W"]
    why = (
        "the paper's cost model bounds neither power nor bandwidth, and voltage and cycle time are "
        "independent in it"
        if model == "reference"
        else f"cost model {model} does not bound power"
    )
    return (
        f"On this chip {worst} would draw {watts:,.0f} W ({density[worst]:,.1f} W/mm²): {why}."
        " Compare designs with one another, not with silicon."
    )
