"""Cost models that others offer are found by name; metrics of batches are joined."""

import numpy as np
import pytest

from imcmoo.io.errors import OwnCodeError
from imcmoo.model import registry
from imcmoo.model.metrics import Metrics, Resource
from imcmoo.model.partials import NoBounds
from imcmoo.model.reference.evaluator import reference_model
from imcmoo.networks.workloads import WorkloadSet
from tests.fakes import SMALL, BareEvaluator
from tests.fakes import FakeEvaluator as Full
from tests.toy_model import Toy


@pytest.fixture
def _offered(tmp_path, monkeypatch):
    """An installed package that offers a cost model, and another under a name of ours."""
    info = tmp_path / "offering-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[imcmoo.cost_models]\ntoy = tests.toy_model:Toy\nreference = tests.toy_model:Toy\n"
        "gone = tests.toy_model:Gone\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_offered", registry._offered.__wrapped__)


@pytest.mark.usefixtures("_offered")
def test_a_model_is_found_by_its_entry_point():
    assert registry.find("toy") is Toy
    assert registry.find("reference") is not Toy  # a study means the same everywhere
    with pytest.raises(ValueError, match=r"cost model 'tests.toy_model:Gone' cannot be imported"):
        registry.find("gone")
    with pytest.raises(ValueError, match=r"unknown cost model 'toi'; known: .*toy.*, or module"):
        registry.find("toi")


def test_without_it_only_its_module_finds_it():
    assert registry.find("reference") is reference_model
    with pytest.raises(ValueError, match=r"cost model 'imcmoo\.model:Nothing' cannot be imported"):
        registry.find("imcmoo.model:Nothing")
    with pytest.raises(ValueError, match=r"unknown cost model 'toy'; known: .*reference, physical"):
        registry.find("toy")
    assert registry.find("tests.toy_model:Toy") is Toy


def test_a_model_that_only_evaluates_does_without_the_optional_methods():
    model = BareEvaluator(SMALL, 2)
    levels = SMALL.random(5, np.random.default_rng(0))
    for method in ("resources", "screen", "prepare", "for_network", "breakdown", "partials"):
        assert not model.offers(method)
        assert Full(SMALL, 2).offers(method) == (method in ("resources", "screen"))
    known, metrics = model.screen(levels), model.evaluate(levels)
    np.testing.assert_array_equal(known.area_m2, metrics.area_m2)
    assert model.breakdown(levels) is None
    assert model.time_multiplexed() is model
    with pytest.raises(ValueError, match="BareEvaluator has no model of one network alone"):
        model.for_network("net0")
    with pytest.raises(NoBounds, match="BareEvaluator has no bounds of partial designs"):
        model.partials(1.0)


def test_an_object_that_is_no_subclass_is_refused():
    with pytest.raises(
        OwnCodeError, match=r"returned Plain; must be a subclass of imcmoo\.CostModel"
    ):
        registry.make(f"{__name__}:Plain", SMALL, WorkloadSet.load(["alexnet"]))


class Plain:
    quantities = BareEvaluator.quantities
    resource_names = ()

    def __init__(self, space, workloads):
        self.space, self.workload_names = space, workloads.names

    def evaluate(self, levels):
        raise AssertionError


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
