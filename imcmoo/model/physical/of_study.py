"""The physical model as a study asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.evaluator import BITS_OF, PhysicalEvaluator
from imcmoo.networks.workloads import BITS, WorkloadSet
from imcmoo.space.design_space import DesignSpace


def physical_model(
    space: DesignSpace,
    workloads: WorkloadSet,
    *,
    scaling: str = "reference",
    components: str | None = None,
    precision: Mapping[str, tuple[int, int]] | None = None,
    **options: Any,
) -> PhysicalEvaluator:
    """The physical cost model, as studies ask for it.

    Args:
        space: as `PhysicalEvaluator`.
        workloads: the networks.
        scaling: of the reference model's table; has no meaning here.
        components: path of a component table of one's own.
        precision: bits of inputs and of weights, by network; 8 by default.
        options: `objectives` among them, as `PhysicalEvaluator`.

    Raises:
        ValueError: as `PhysicalEvaluator`.
        OSError: the component table cannot be read.
    """
    if components is not None:
        options["table"] = PhysicalTable.load(components)
    if precision is not None:
        bits = [precision.get(name, (BITS, BITS)) for name in workloads.names]
        options |= dict(zip(BITS_OF, map(tuple, zip(*bits, strict=True)), strict=True))
    return PhysicalEvaluator(space, workloads, **options)
