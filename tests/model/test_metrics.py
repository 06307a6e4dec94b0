"""Quantities and metrics."""

import numpy as np

from imcmoo.model.metrics import Metrics, Resource


def metrics(missing):
    missing = np.asarray(missing, dtype=float)
    resources = {"cells": Resource(np.ones(len(missing)), missing)}
    return Metrics({"energy": missing + 1, "area": np.ones(len(missing))}, resources)


def test_a_network_runs_where_it_lacks_nothing():
    assert metrics([[0, 1], [0, 0]]).runs.tolist() == [[True, False], [True, True]]
    assert Metrics(metrics([[0, 1]]).values, {}).runs.tolist() == [[True, True]]


def test_batches_are_joined_in_order():
    joined = Metrics.joined(metrics(m) for m in ([[0, 1]], [[2, 0], [0, 0]]))
    assert joined.energy_J.tolist() == [[1, 2], [3, 1], [1, 1]]
    assert joined.resources["cells"].missing.tolist() == [[0, 1], [2, 0], [0, 0]]
    assert joined.area_m2.shape == (3,)
