"""Convolutions of every form become the loop sizes onnxruntime would run."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imcmoo.networks.onnx_import.account import Fate
from tests.networks.onnx_import.models import (
    INT8,
    UINT8,
    imported,
    model,
    node,
    only_row,
    quantised,
    stored,
    tensor,
)


def conv(tmp_path, x, w, **attributes):
    return only_row(
        tmp_path, [node("Conv", "xw", **attributes)], [tensor("x", x)], [stored("w", w)]
    )


@pytest.mark.parametrize(
    ("x", "w", "attributes", "sizes"),
    [
        # C, M, P, Q, R, S, G, N
        ((1, 3, 32, 32), (8, 3, 3, 3), {"kernel_shape": [3, 3]}, (3, 8, 30, 30, 3, 3, 1, 1)),
        ((2, 3, 32, 20), (8, 3, 3, 5), {}, (3, 8, 30, 16, 3, 5, 1, 2)),
        ((1, 3, 32, 32), (8, 3, 3, 3), {"strides": [2, 1]}, (3, 8, 15, 30, 3, 3, 1, 1)),
        ((1, 3, 32, 32), (8, 3, 3, 3), {"dilations": [2, 3]}, (3, 8, 28, 26, 3, 3, 1, 1)),
        ((1, 3, 32, 32), (8, 3, 3, 3), {"pads": [1, 2, 1, 2]}, (3, 8, 32, 34, 3, 3, 1, 1)),
        ((1, 6, 9, 9), (8, 3, 3, 3), {"group": 2}, (3, 4, 7, 7, 3, 3, 2, 1)),
        ((1, 6, 9, 9), (12, 1, 3, 3), {"group": 6}, (1, 2, 7, 7, 3, 3, 6, 1)),
        (
            (1, 3, 31, 31),
            (8, 3, 3, 3),
            {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
            (3, 8, 16, 16, 3, 3, 1, 1),
        ),
        ((1, 3, 9, 9), (8, 3, 2, 2), {"auto_pad": "SAME_LOWER"}, (3, 8, 9, 9, 2, 2, 1, 1)),
        ((1, 3, 9, 9), (8, 3, 3, 3), {"auto_pad": "VALID"}, (3, 8, 7, 7, 3, 3, 1, 1)),
        ((1, 3, 100), (8, 3, 5), {"strides": [4]}, (3, 8, 24, 1, 5, 1, 1, 1)),
        ((1, 4, 100), (4, 1, 5), {"group": 4, "dilations": [2]}, (1, 1, 92, 1, 5, 1, 4, 1)),
    ],
)
def test_a_convolution(tmp_path, x, w, attributes, sizes):
    row = conv(tmp_path, x, w, **attributes)
    assert row.sizes == sizes
    assert row.n_weights == np.prod(w)
    assert not row.dynamic
    rank = len(w) - 2
    assert row.stride == (*attributes.get("strides", [1] * rank), 1)[:2]
    assert row.dilation == (*attributes.get("dilations", [1] * rank), 1)[:2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    groups=st.integers(1, 4),
    c=st.integers(1, 4),
    m=st.integers(1, 4),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    extra=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_positions_are_those_of_a_window_that_slides(tmp_path, groups, c, m, kernel, stride, extra):
    high, wide = (k + e for k, e in zip(kernel, extra, strict=True))
    row = conv(
        tmp_path,
        (1, groups * c, high, wide),
        (groups * m, c, *kernel),
        group=groups,
        strides=stride,
    )
    starts = [len(range(0, e + 1, s)) for e, s in zip(extra, stride, strict=True)]
    assert row.sizes == (c, m, *starts, *kernel, groups, 1)
    assert row.macs == groups * m * c * np.prod(kernel) * np.prod(starts)


@pytest.mark.parametrize(
    ("x", "w", "attributes", "sizes"),
    [
        ((1, 6, 5, 7), (6, 4, 2, 3), {"strides": [2, 2]}, (6, 4, 5, 7, 2, 3, 1, 1)),
        ((1, 6, 5, 7), (6, 4, 2, 3), {"group": 3}, (2, 4, 5, 7, 2, 3, 3, 1)),
        ((2, 6, 10), (6, 4, 4), {"strides": [2]}, (6, 4, 10, 1, 4, 1, 1, 2)),
    ],
)
def test_a_transposed_convolution_costs_inputs_times_weights_per_input(
    tmp_path, x, w, attributes, sizes
):
    nodes = [node("ConvTranspose", "xw", **attributes)]
    row = only_row(tmp_path, nodes, [tensor("x", x)], [stored("w", w)])
    assert row.sizes == sizes
    assert row.macs == np.prod(x) * np.prod(w[1:])


def test_integer_convolutions(tmp_path):
    row = only_row(
        tmp_path,
        [node("ConvInteger", "xw", strides=[2, 2])],
        [tensor("x", (1, 3, 9, 9), UINT8)],
        [stored("w", (8, 3, 3, 3), np.int8)],
    )
    assert row.sizes == (3, 8, 4, 4, 3, 3, 1, 1)
    nodes, weights = quantised("QLinearConv", (6, 1, 3, 3), group=3)
    row = only_row(tmp_path, nodes, [tensor("x", (1, 3, 9, 9), INT8)], weights)
    assert row.sizes == (1, 2, 7, 7, 3, 3, 3, 1)
    assert not row.dynamic


def test_a_convolution_by_an_activation_is_dynamic(tmp_path):
    inputs = [tensor("x", (1, 3, 9, 9)), tensor("w", (8, 3, 3, 3))]
    result = imported(tmp_path, model([node("Conv", "xw")], inputs))
    assert result.rows[0].dynamic
    assert result.summary()["macs_dynamic"] == result.rows[0].macs
    assert result.summary()["weights"] == 0


@pytest.mark.parametrize(
    ("operator", "operands", "deep"),
    [
        ("Conv", "xw", 4 * 2 * 27 * 6**3),  # in three dimensions
        ("DeformConv", "avo", 8 * 3 * 9 * 7**2),
    ],
)
def test_what_is_not_modelled_is_counted(tmp_path, operator, operands, deep):
    nodes = [node(operator, operands, ["z"]), node("Conv", "av", name="flat")]
    inputs = [tensor("x", (1, 2, 8, 8, 8)), tensor("a", (1, 3, 9, 9)), tensor("o", (1, 18, 7, 7))]
    weights = [stored("w", (4, 2, 3, 3, 3)), stored("v", (8, 3, 3, 3))]
    result = imported(tmp_path, model(nodes, inputs, weights, outputs=["z", "y"], opset=19))
    assert len(result.rows) == 1
    assert result.summary()["not_modelled"] == {operator: 1}
    assert result.account.macs(Fate.NOT_MODELLED) == deep
    assert result.account.share(Fate.NOT_MODELLED) == deep / (deep + result.rows[0].macs)
