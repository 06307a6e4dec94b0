"""Notices about a study before its answer."""

from __future__ import annotations

from imcmoo.cli.terminal import console
from imcmoo.networks.workloads import WorkloadSet


def warn(text: str) -> None:
    """Say something on stderr that changes no result."""
    console(stderr=True).print(f"warning: {text}", soft_wrap=True)


def warn_of_dynamic_products(workloads: WorkloadSet, *, model: str, quiet: bool = False) -> None:
    """Say on stderr which networks multiply activations, where the model takes them for weights.

    Args:
        workloads: the networks.
        model: name of the cost model; only the reference one makes no difference.
        quiet: say nothing.
    """
    if model != "reference" or quiet:
        return
    terminal = console(stderr=True)
    for workload in workloads.workloads:
        n = sum(workload.dynamic)
        if n:
            terminal.print(
                f"warning: {n} of {len(workload)} layers of {workload.name} multiply two "
                "activations; the paper's model treats one of them as resident weights",
                soft_wrap=True,
            )
