"""Recurrent layers: one row for all steps, gates side by side, input above hidden state."""

from __future__ import annotations

from dataclasses import replace

from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.operators.call import Call, NotModelled, RowsOf

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4, "DynamicQuantizeLSTM": 4}
"""Matrices a cell of each kind multiplies its input by."""


def recurrent(operator: str) -> RowsOf:
    """Rows of a recurrent layer: C = input + hidden, M = gates · hidden, N = steps · batch.

    The directions of a bidirectional layer are groups.
    """
    gates = GATES[operator]

    def rows(call: Call) -> list[Row]:
        steps = call.shape(0)
        hidden_shape = call.shape(2)
        if len(steps) != 3 or len(hidden_shape) != 3:
            raise NotModelled("its input or weights do not have three axes")
        hidden = call.attributes.get("hidden_size") or min(hidden_shape[1:])
        directions, (length, batch, channels) = hidden_shape[0], steps
        row = call.product(
            *(channels + hidden, gates * hidden, 1),
            *(call.tensor(0), call.tensor(1)),
            g=directions,
            n=length * batch,
        )
        return [replace(row, recurrent_weights=directions * gates * hidden * hidden)]

    return rows
