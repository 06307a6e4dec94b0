"""Cautions about the costs of a chip, by cost model and device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imcmoo.model.physical.memory_cells import is_exact
from imcmoo.study.calibration import Calibration

PLAUSIBLE_W_PER_MM2 = 1.0
"""Power density, W/mm², above which no air-cooled chip runs."""

NODE_OF_HBM2_NM = 28
"""Largest node of which an interface to HBM2 is known, as reported."""


BASIS = (
    "Costs rest on component libraries and assumptions (docs/physical_model.md); imcmoo flip "
    "--factor NAME finds where an assumption changes the best chip."
)
"""What the figures of the physical model rest on."""


PHYSICAL_BASIS = (
    "Costs are modelled; many are off by more than a factor of 3 from published macros "
    f"(docs/silicon.md). {BASIS} A chip within all limits can still compute wrong answers; imcmoo "
    "accuracy executes a network on it."
)
"""Caution for figures of the physical model."""


DIGITAL_BASIS = (
    "Costs are modelled; TOPS/W of two other and three fitted digital macros of 22 and 28 nm is "
    f"met within 2 times. {BASIS}"
)
"""Caution for figures of digital macros, whose sums are exact."""


def caution_of_calibration(calibration: Calibration | None, design: Mapping[str, Any]) -> str:
    """What costs are calibrated to, and what of a design is beyond the measurement; empty without
    a calibration."""
    if calibration is None:
        return ""
    return " ".join(filter(None, (str(calibration), calibration.measured.left_by(design))))


def caution_of_design(design: Mapping[str, Any]) -> str:
    """Caution about parameters of a design that no published chip has together; empty if there is
    none."""
    if design.get("dram") == "hbm2" and design.get("technology_nm", 0) > NODE_OF_HBM2_NM:
        return f"No HBM2 interface is known above {NODE_OF_HBM2_NM} nm."
    return ""


def caution(model: str, workloads: Mapping[str, Mapping[str, float]], device: str) -> str | None:
    """Caution about implausible figures, or assumptions of the physical model; None if there is
    none. The physical model alone needs the device."""
    if model == "physical":
        return DIGITAL_BASIS if is_exact(device) else PHYSICAL_BASIS
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
