"""Workload tables and sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.networks.workloads import SHIPPED, Workload, WorkloadSet, slice_mean

HEADER = (
    "name,kind,C,M,P,Q,R,S,G,N,stride_h,stride_w,"
    + ",".join(f"{o}_bit{i}" for o in ("input", "weight") for i in range(8))
    + "\n"
)
ROW = "a,Conv2d,3,64,55,55,11,11,1,1,4,4" + ",0.5" * 16 + "\n"


def test_nine_networks_with_1024_layers_and_226_shapes_ship():
    every = WorkloadSet.load(SHIPPED)
    assert sum(len(w) for w in every.workloads) == 1024
    assert len(every.shapes) == 226
    assert (
        every.shapes[every.shape_index] == np.concatenate([w.shapes for w in every.workloads])
    ).all()


def test_a_set_keeps_its_order_and_refuses_repeats():
    assert WorkloadSet.load(["vgg16", "alexnet"]).names == ["vgg16", "alexnet"]
    with pytest.raises(ValueError, match="two workloads are called 'vgg16'"):
        WorkloadSet.load(["vgg16", "vgg16"])


def test_an_unknown_network_names_the_known():
    with pytest.raises(ValueError, match=r"unknown workload 'lenet'.* known: resnet18"):
        Workload.load("lenet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "no layers"),
        (HEADER.replace(",Q", "") + ROW.replace(",55", "", 1), "line 1: no column Q"),
        (HEADER + ROW + ROW.replace(",64,", ",0,"), "line 3, column M: '0'"),
        (HEADER + ROW.replace("0.5", "1.5", 1), "line 2, column input_bit0: '1.5'"),
    ],
)
def test_a_broken_table_says_where(tmp_path, text, message):
    path = tmp_path / "net.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        Workload.read_csv(path)


def test_a_table_reads_back(tmp_path):
    path = tmp_path / "net.csv"
    path.write_text(HEADER + ROW)
    net = Workload.read_csv(path)
    assert net.name == "net"
    assert net.shapes.tolist() == [[3, 64, 55, 55, 11, 11, 1, 1]]
    assert net.strides.tolist() == [[4, 4]]


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8), st.integers(1, 8))
def test_slice_means_stay_within_full_scale(bits, width):
    mean = slice_mean(np.array([bits]), width)
    assert 0 <= mean[0] <= 1


def test_slices_of_one_bit_average_the_densities():
    bits = np.linspace(0, 1, 8)[None]
    assert slice_mean(bits, 1)[0] == pytest.approx(0.5)


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
