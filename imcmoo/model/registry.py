"""Cost models by name."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from imcmoo.io.named import load
from imcmoo.model import physical, reference
from imcmoo.model.cost_model import CostModel

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
    return load(_path(name), "cost model", known={**_offered(), **MODELS})


def module_of_users(name: str) -> str | None:
    """Dotted name of the module of a user's model; None for one of `MODELS`."""
    return None if name in MODELS else _path(name).partition(":")[0]


def shipped_name(model: CostModel) -> str | None:
    """The name of a model that comes with the package; None for a user's, derived ones included."""
    package, _, rest = type(model).__module__.partition(".model.")
    name = rest.split(".")[0]
    return name if package == "imcmoo" and name in MODELS else None


def versions(name: str | None) -> dict[str, int]:
    """`MODEL_VERSION` of a shipped model; of all of them for a user's, which may use any."""
    known = {"reference": reference.MODEL_VERSION, "physical": physical.MODEL_VERSION}
    return {name: known[name]} if name in known else known


def _path(name: str) -> str:
    return _offered().get(name, name)


def _offered() -> dict[str, str]:
    return {e.name: e.value for e in entry_points(group="imcmoo.cost_models")}
