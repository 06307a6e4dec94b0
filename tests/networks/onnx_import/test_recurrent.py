"""Recurrent layers: one row for all steps and both halves of the weights."""

import numpy as np
import pytest

from tests.networks.onnx_import.models import (
    exactly,
    imported,
    model,
    node,
    only_row,
    stored,
    tensor,
)


@pytest.mark.parametrize(("operator", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("directions", [1, 2])
def test_a_recurrent_layer(tmp_path, operator, gates, directions):
    steps, batch, inputs, hidden = 10, 3, 20, 16
    direction = "bidirectional" if directions == 2 else "forward"
    nodes = [node(operator, "xwr", ["all", "y"], hidden_size=hidden, direction=direction)]
    weights = [
        stored("w", (directions, gates * hidden, inputs)),
        stored("r", (directions, gates * hidden, hidden)),
    ]
    result = imported(tmp_path, model(nodes, [tensor("x", (steps, batch, inputs))], weights))
    (row,) = result.rows
    assert row.sizes == (inputs + hidden, gates * hidden, *[1] * 4, directions, steps * batch)
    held = directions * gates * hidden
    assert row.macs == steps * batch * held * (inputs + hidden)
    assert result.summary()["weights"] == held * inputs
    assert result.summary()["weights_recurrent"] == held * hidden
    assert result.workload.weights == held * (inputs + hidden)


def test_a_quantised_lstm(tmp_path):
    steps, batch, inputs, hidden = 10, 3, 20, 16
    scales = [stored(n, (1, 4 * hidden)) for n in ("ws", "rs")]
    zeros = [stored(n, (1, 4 * hidden), np.uint8) for n in ("wz", "rz")]
    names = ["x", "w", "r", "", "", "", "", "", "ws", "wz", "rs", "rz"]
    quantised = node(
        "DynamicQuantizeLSTM", names, ["all"], domain="com.microsoft", hidden_size=hidden
    )
    nodes = [quantised, node("Squeeze", ["all", "axis"], ["s"]), node("MatMul", "sv")]
    weights = [
        stored("w", (1, inputs, 4 * hidden), np.uint8),
        stored("r", (1, hidden, 4 * hidden), np.uint8),
        stored("v", (hidden, 5)),
        *scales,
        *zeros,
    ]
    result = imported(
        tmp_path,
        model(
            nodes,
            [tensor("x", (steps, batch, inputs))],
            [*weights, exactly("axis", [1])],
            domains=["com.microsoft"],
        ),
    )
    lstm, after = result.rows
    assert lstm.sizes == (inputs + hidden, 4 * hidden, 1, 1, 1, 1, 1, steps * batch)
    assert after.sizes == (hidden, 5, batch, 1, 1, 1, 1, steps)


def test_sequences_that_come_batch_first(tmp_path):
    nodes = [node("LSTM", "xwr", ["all", "y"], hidden_size=16, layout=1)]
    weights = [stored("w", (1, 64, 20)), stored("r", (1, 64, 16))]
    row = only_row(tmp_path, nodes, [tensor("x", (3, 10, 20))], weights)
    assert row.sizes == (36, 64, 1, 1, 1, 1, 1, 30)
