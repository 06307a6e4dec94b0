"""Products of two matrices: Gemm, MatMul and their relatives, Einsum, recurrent layers."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.operators.call import Call, NotModelled, RowsOf, known_shape
from imcmoo.networks.onnx_import.tensors import Tensor

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4, "DynamicQuantizeLSTM": 4}
"""Matrices a cell of each kind multiplies its input by."""


def matrix_product(left: int, right: int) -> RowsOf:
    """Rows of a product of stacks of matrices whose operands are these inputs of the node."""

    def rows(call: Call) -> list[Row]:
        a, b = list(call.shape(left)), list(call.shape(right))
        if not a or not b:
            raise NotModelled("an operand is a single number")
        if call.attributes.get("transBatchA") or call.attributes.get("transBatchB"):
            raise NotModelled("its matrices are interleaved")
        rank = max(len(a), len(b))
        stack = list("abcdefghijklmnopqrstuv"[: max(0, rank - 2)])
        labels_a = [*stack[len(stack) - len(a) + 2 :], "y", "k"] if len(a) > 1 else ["k"]
        labels_b = [*stack[len(stack) - len(b) + 2 :], "k", "z"] if len(b) > 1 else ["k"]
        if len(b) > 1 and call.attributes.get("transB", 0):
            labels_b[-2:] = ["z", "k"]
        if len(a) > 1 and call.attributes.get("transA", 0):
            labels_a[-2:] = ["k", "y"]
        out = [*stack, "y", "z"]
        return [contraction(call, call.tensor(left), labels_a, call.tensor(right), labels_b, out)]

    return rows


def quantised_blocks(call: Call) -> list[Row]:
    """Rows of `MatMulNBits`: weights in blocks, their sizes in the attributes."""
    sizes = call.shape(0)
    c, m = call.attributes["K"], call.attributes["N"]
    rows = sizes[-2] if len(sizes) > 1 else 1
    return [call.product(c, m, rows, call.tensor(0), call.tensor(1), n=prod(sizes[:-2]))]


def einsum(call: Call) -> list[Row]:
    """Rows of an `Einsum` of two operands; one of a single operand has none."""
    equation = call.attributes["equation"].replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(call.inputs):
        raise NotModelled(f"'{equation}' does not fit {len(call.inputs)} operands")
    if len(terms) == 1:
        return []
    shapes = [call.shape(i) for i in range(len(terms))]
    labels = [_labels(term, len(shape)) for term, shape in zip(terms, shapes, strict=True)]
    if arrow:
        result = _labels(right, len(known_shape(call.outputs[0], "the output")))
    else:
        flat = [label for term in labels for label in term]
        result = sorted({label for label in flat if flat.count(label) == 1})
    if len(terms) > 2 or any(len(set(term)) < len(term) for term in labels):
        raise NotModelled(f"'{equation}' is more than a product of two matrices")
    a, b = labels
    if set(a) == set(b) and set(a) <= set(result):
        return []  # element by element
    return [contraction(call, call.tensor(0), a, call.tensor(1), b, result)]


def _labels(term: str, rank: int) -> list[str]:
    """One label per axis; an ellipsis stands for the axes the letters leave, as digits."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise NotModelled(f"'{term}' does not fit {rank} axes")
    return [*before, *(str(i) for i in range(hidden, 0, -1)), *after]


def contraction(
    call: Call, left: Tensor, a: list[str], right: Tensor, b: list[str], result: list[str]
) -> Row:
    """The layer of a product of two tensors, whose axes have the labels `a` and `b`.

    The constant operand is held in the arrays, the right one if both or neither are constant. Axes
    along which only the held operand varies are M, those along which both do are groups. Of those
    along which only the streaming operand varies, the last is P, the others are batch.
    """
    sizes_a = dict(zip(a, known_shape(left, "the left operand"), strict=True))
    sizes_b = dict(zip(b, known_shape(right, "the right operand"), strict=True))
    if left.constant and not right.constant:
        left, right, sizes_a, sizes_b = right, left, sizes_b, sizes_a
    sizes = {**sizes_b, **{n: s for n, s in sizes_a.items() if s != 1 or n not in sizes_b}}
    kept = [label for label in sizes if label in result]
    summed = [s for label, s in sizes.items() if label not in result and label in a and label in b]
    streams, varies = ({n: s for n, s in by.items() if s != 1} for by in (sizes_a, sizes_b))
    columns = prod(sizes[n] for n in kept if n in varies and n not in streams)
    groups = prod(sizes[n] for n in kept if n in varies and n in streams)
    *batch, steps = [1, *(sizes[n] for n in kept if n in sizes_a and n not in varies)]
    return call.product(prod(summed), columns, steps, left, right, g=groups, n=prod(batch))


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
