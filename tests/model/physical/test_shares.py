"""A network that owns a part of a chip."""

from dataclasses import fields

import numpy as np
import pytest

from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.shares import evaluate_shares
from problems import STUDIES

STUDY = STUDIES["four_workload_rram_physical"]


@pytest.fixture(scope="module")
def alone():
    whole = PhysicalEvaluator(STUDY.space, STUDY.network_set(), deployment="together")
    return whole.for_network("resnet18_onnx")


@pytest.fixture(scope="module")
def designs(alone):
    levels = STUDY.space.random(3000, np.random.default_rng(3))
    return alone._designs(levels[alone.resources(levels).runs[:, 0]][:300])


def shares(alone, designs, groups, bandwidth, room):
    whole = np.ones(len(designs))
    return evaluate_shares(alone._model.context, designs, groups * whole, bandwidth * whole, room)


def test_all_of_a_chip_is_the_chip(alone, designs):
    part = shares(alone, designs, designs.router_groups, 1.0, 1.0)
    whole = alone._model.evaluate(designs, causes=False)
    for field in fields(whole):
        expected, found = getattr(whole, field.name), getattr(part, field.name)
        assert np.allclose(found, expected, rtol=1e-9, atol=0, equal_nan=True), field.name


def test_less_bandwidth_is_never_faster(alone, designs):
    fast, slow = (shares(alone, designs, designs.router_groups, b, 1.0) for b in (1.0, 0.25))
    runs = fast.runs & slow.runs
    assert (slow.latency_s >= fast.latency_s * (1 - 1e-12))[runs].all()
    assert (slow.latency_s > fast.latency_s)[runs].any()


def test_too_few_groups_do_not_hold_a_network(alone, designs):
    few = shares(alone, designs, 1.0, 1.0, 1.0)
    half = shares(alone, designs, np.ceil(designs.router_groups / 2), 1.0, 1.0)
    assert few.runs.sum() < half.runs.sum()
    assert np.isnan(few.latency_s[~few.runs]).all()
