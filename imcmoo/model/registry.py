"""Registry of cost models, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from imcmoo.io.errors import InputError, OwnCodeError
from imcmoo.io.named import check_takes, load, named_line
from imcmoo.model import physical, reference
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Quantity
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace

MODELS = {
    "reference": "imcmoo.model.reference.evaluator:reference_model",
    "physical": "imcmoo.model.physical.model:physical_model",
}
"""Paths of the shipped cost models, by name."""


def find(name: str) -> Any:
    """Return the constructor of a cost model; call it with a space, networks and options.

    Args:
        name: one of `MODELS`, an entry point of the group `imcmoo.cost_models` of an installed
            package, or `module:Class`.

    Raises:
        ValueError: there is no such model; says what is allowed.
    """
    if name in MODELS:
        return load(MODELS[name], "cost model", known=MODELS)
    return load(_path(name), "cost model", known={**_offered(), **MODELS})


def make(name: str, space: DesignSpace, networks: WorkloadSet, **settings: Any) -> CostModel:
    """Create a cost model by name.

    Args:
        name: as for `find`.
        settings: options of the model, by name.

    Raises:
        ValueError: there is no such model, or it cannot cost the space.
        InputError: a user's model takes other arguments, raises an error, or is no cost model.
    """
    maker = find(name)
    what = f"cost model '{name}'"
    if name in MODELS:
        model: CostModel = maker(space, networks, **settings)
        return model
    check_takes(maker, what, space, networks, **settings)
    try:
        model = maker(space, networks, **settings)
    except (InputError, ValueError, OSError):
        raise
    except (Exception, SystemExit) as error:  # a user's code may do anything
        raise InputError(f"{what} raised {named_line(error)}") from error
    _check(model, what)
    return model


def _check(model: Any, what: str) -> None:
    """Check a user's model as far as possible without an evaluation."""
    if not isinstance(model, CostModel):
        raise OwnCodeError(
            f"{what} returned {type(model).__name__}; must be a subclass of imcmoo.CostModel"
        )
    kinds: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "space": ("a DesignSpace", lambda v: isinstance(v, DesignSpace)),
        "quantities": ("a tuple of Quantity", lambda v: _all(v, Quantity) and len(v) > 0),
        "resource_names": ("a tuple of names", lambda v: _all(v, str)),
        "workload_names": ("a list of names", lambda v: _all(v, str)),
        "evaluate": ("a method", callable),
    }
    for attribute, (kind, fits) in kinds.items():
        if not hasattr(model, attribute):
            raise OwnCodeError(f"{what}: it lacks {attribute}")
        if not fits(getattr(model, attribute)):
            raise OwnCodeError(f"{what}: its {attribute} is not {kind}")
    check_takes(model.evaluate, f"{what}: evaluate", np.empty((0, len(model.space.shape))))


def _all(values: Any, kind: type) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(v, kind) for v in values)


def module_of_users(name: str) -> str | None:
    """Dotted name of the module of a user's model; None for one of `MODELS`."""
    return None if name in MODELS else _path(name).partition(":")[0]


def shipped_name(model: CostModel) -> str | None:
    """Name of a shipped model; None for a user's, including derived ones."""
    package, _, module = type(model.shipped).__module__.partition(".model.")
    name = module.split(".")[0]
    return name if package == "imcmoo" and name in MODELS else None


def versions(name: str | None) -> dict[str, int]:
    """`MODEL_VERSION` of a shipped model; those of all for a user's, which may use any."""
    model_versions = {"reference": reference.MODEL_VERSION, "physical": physical.MODEL_VERSION}
    return {name: model_versions[name]} if name in model_versions else model_versions


def _path(name: str) -> str:
    return _offered().get(name, name)


@cache
def _offered() -> dict[str, str]:
    """Cost models of installed packages, whose metadata is read once."""
    return {e.name: e.value for e in entry_points(group="imcmoo.cost_models")}
