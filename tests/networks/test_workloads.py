"""Workload tables and sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.networks.workloads import SHIPPED, Workload, WorkloadSet, slice_mean


def test_nine_networks_with_1024_layers_and_226_shapes_ship():
    every = WorkloadSet.load(SHIPPED)
    assert sum(len(w) for w in every.workloads) == 1024
    assert len(every.shapes) == 226
    assert (
        every.shapes[every.shape_index] == np.concatenate([w.shapes for w in every.workloads])
    ).all()


def test_a_set_keeps_its_order_and_refuses_repeats_and_unknown_networks():
    assert WorkloadSet.load(["vgg16", "alexnet"]).names == ["vgg16", "alexnet"]
    with pytest.raises(ValueError, match="two workloads are called 'vgg16'"):
        WorkloadSet.load(["vgg16", "vgg16"])
    with pytest.raises(ValueError, match=r"unknown workload 'lenet'.* known: resnet18"):
        Workload.load("lenet")


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8), st.integers(1, 8))
def test_slice_means_stay_within_full_scale(bits, width):
    mean = slice_mean(np.array([bits]), width)
    assert 0 <= mean[0] <= 1
    if width == 1:
        assert mean[0] == pytest.approx(np.mean(bits))


def test_weights_are_those_of_the_published_networks():
    """Parameters of convolutions and linear layers, without biases and normalisation."""
    networks = WorkloadSet.load(["vgg16", "resnet18"])
    assert networks.weights.tolist() == [138_344_128, 11_678_912]
    assert WorkloadSet.load(["resnet18"]).weights.tolist() == [11_678_912]


def test_a_network_of_the_package_is_read_once_and_cannot_be_changed():
    one, other = Workload.load("resnet18"), Workload.load("resnet18")
    assert one is other
    for name in ("shapes", "strides", "input_bits", "weight_bits", "dilations"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(one, name)[:] = 0
