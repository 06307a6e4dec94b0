"""Quantities and metrics."""

import numpy as np
import pytest

from imcmoo.model.metrics import AREA, ENERGY, Metrics, Quantity, Resource
from imcmoo.model.reference.evaluator import reference_model
from imcmoo.model.registry import find


def metrics(missing):
    missing = np.asarray(missing, dtype=float)
    resources = {"cells": Resource(np.ones(len(missing)), missing)}
    return Metrics({"energy": missing + 1, "area": np.ones(len(missing))}, resources)


def test_columns_carry_network_and_unit():
    assert ENERGY.columns(["a", "b"]) == ["energy_a_J", "energy_b_J"]
    assert AREA.columns(["a", "b"]) == ["area_m2"]
    assert Quantity("share", "").columns(["a"]) == ["share_a"]


def test_a_network_runs_where_it_lacks_nothing():
    assert metrics([[0, 1], [0, 0]]).runs.tolist() == [[True, False], [True, True]]
    assert Metrics(metrics([[0, 1]]).values, {}).runs.tolist() == [[True, True]]


def test_batches_are_joined_in_order():
    joined = Metrics.joined(metrics(m) for m in ([[0, 1]], [[2, 0], [0, 0]]))
    assert joined.energy_J.tolist() == [[1, 2], [3, 1], [1, 1]]
    assert joined.resources["cells"].missing.tolist() == [[0, 1], [2, 0], [0, 0]]
    assert joined.area_m2.shape == (3,)


def test_cost_models_are_found_by_name_or_module():
    assert find("reference") is reference_model
    assert find("imcmoo.model.metrics:Metrics") is Metrics
    with pytest.raises(ValueError, match="unknown cost model 'ours'; known: reference"):
        find("ours")
    with pytest.raises(ValueError, match=r"cost model 'imcmoo\.model:Nothing' cannot be had"):
        find("imcmoo.model:Nothing")
