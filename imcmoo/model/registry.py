"""Cost models by name."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from imcmoo.io.named import load

MODELS = {
    "reference": "imcmoo.model.reference.several_devices:reference_model",
    "physical": "imcmoo.model.physical.of_study:physical_model",
}
"""The cost models that come with the package, by name."""


def find(name: str) -> Any:
    """What makes a cost model: called with a space, networks and options by name.

    Args:
        name: one of `MODELS`, one that an installed package offers by an entry point of the group
            `imcmoo.cost_models`, or `module:Class`.

    Raises:
        ValueError: there is no such model; says what is allowed.
    """
    if name in MODELS:
        return load(MODELS[name], "cost model", known=MODELS)
    offered = {e.name: e.value for e in entry_points(group="imcmoo.cost_models")}
    known = {**offered, **MODELS}
    return load(known.get(name, name), "cost model", known=known)
