"""Cost of each operator: layers, nothing, or more than layers can express.

A function that turns a node into layers raises `NotModelled` where it cannot, also because a shape
depends on data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import prod

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.call import Call, NotModelled, known_shape
from imcmoo.networks.onnx_import.tensors import Tensor

# Convolutions, forwards and transposed.


def convolution(call: Call, weights: int = 1, *, transposed: bool = False) -> list[Row]:
    """Rows of a convolution of one or two dimensions, whose weights are this input of the node.

    In a transposed one every input position meets every weight once, so P and Q are the input's
    positions; the stride is that of the output.
    """
    reached = call.shape(0) if transposed else known_shape(call.outputs[0], "the output")
    sizes, kernel = call.shape(0), call.shape(weights)
    groups = call.attributes.get("group", 1)
    if len(kernel) != len(sizes) or len(kernel) < 3:
        raise InputError(f"input {list(sizes)} and weights {list(kernel)} do not fit together")
    taken = kernel[0] if transposed else kernel[1] * groups
    if groups < 1 or kernel[0] % groups or sizes[1] != taken:
        raise InputError(
            f"{sizes[1]} input channels do not fit weights {list(kernel)} in {groups} groups"
        )
    c, m = (kernel[0] // groups, kernel[1]) if transposed else (kernel[1], kernel[0] // groups)
    rank = len(kernel) - 2
    row = Row(
        name=call.name,
        kind=call.operator,
        sizes=(c, m, *_pair(reached[2:]), *_pair(kernel[2:]), groups, sizes[0]),
        inputs=call.tensor(0),
        weights=call.tensor(weights),
        stride=_pair(call.attributes.get("strides", [1] * rank)),
        dilation=_pair(call.attributes.get("dilations", [1] * rank)),
    )
    if rank > 2:
        raise NotModelled(f"a convolution in {rank} dimensions", [row])
    return [row]


def deformable_convolution(call: Call) -> list[Row]:
    """Counts a `DeformConv`, whose windows are torn apart by what it reads; never has rows.

    Raises:
        NotModelled: always, with its multiply-accumulates.
    """
    raise NotModelled("its windows depend on data", convolution(call))


def _pair(sizes: Sequence[int]) -> tuple[int, int]:
    """Height and width; one dimension counts as height, further ones multiply the height."""
    return (sizes[0], 1) if len(sizes) == 1 else (prod(sizes[:-1]), sizes[-1])


# Products of two matrices: Gemm, MatMul and their relatives, Einsum, recurrent layers.

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4, "DynamicQuantizeLSTM": 4}
"""Matrices a cell of each kind multiplies its input by."""

INPUT, HIDDEN, CANDIDATE = "input", "hidden", "candidate"
"""Parts of a recurrent layer: matrices that are stored and read apart."""

DIRECTIONS = {
    "forward": ("forward",),
    "reverse": ("reverse",),
    "bidirectional": ("forward", "reverse"),
}


def recurrent_parts(
    operator: str, direction: str, *, reset_after: bool
) -> dict[str, tuple[int, str, slice]]:
    """Matrices of a recurrent layer that multiply vectors of their own.

    The input meets one matrix, the hidden state another. A GRU that resets the state before it
    multiplies it (`linear_before_reset = 0`) has a third, for its candidate.

    Args:
        operator: a key of `GATES`.
        direction: a key of `DIRECTIONS`.
        reset_after: whether a GRU resets products instead of the state.

    Returns:
        By the end of the name of the part's layer: index of the direction, `INPUT`, `HIDDEN` or
        `CANDIDATE`, and the gates whose columns it has, in the file's order.
    """
    gates = GATES[operator]
    first = 2 if operator == "GRU" and not reset_after else gates
    columns = {INPUT: (0, gates), HIDDEN: (0, first), CANDIDATE: (first, gates)}
    ways = DIRECTIONS[direction]
    return {
        f"{way}/{part}" if len(ways) > 1 else part: (at, part, slice(*ends))
        for at, way in enumerate(ways)
        for part, ends in columns.items()
        if ends[0] < ends[1]
    }


def matrix_product(call: Call, right: int = 1) -> list[Row]:
    """Rows of a product of stacks of matrices, the right ones this input of the node."""
    a, b = list(call.shape(0)), list(call.shape(right))
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
    return [contraction(call, call.tensor(0), labels_a, call.tensor(right), labels_b, out)]


def quantised_blocks(call: Call) -> list[Row]:
    """Rows of `MatMulNBits`: weights in blocks, their sizes in the attributes."""
    sizes = call.shape(0)
    c, m = call.required_positive("K"), call.required_positive("N")
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


def recurrent(call: Call) -> list[Row]:
    """Rows of a recurrent layer, one for each matrix of `recurrent_parts`; N = steps · batch."""
    steps, hidden_shape = call.shape(0), call.shape(2)
    if len(steps) != 3 or len(hidden_shape) != 3:
        raise NotModelled("its input or weights do not have three axes")
    operator = call.operator.rpartition(".")[2]
    hidden = call.positive("hidden_size") or min(hidden_shape[1:])
    direction = call.attributes.get("direction", "forward")
    if direction not in DIRECTIONS or len(DIRECTIONS[direction]) != hidden_shape[0]:
        raise InputError(f"direction '{direction}' does not fit weights {list(hidden_shape)}")
    length, batch, channels = steps
    parts = recurrent_parts(
        operator, direction, reset_after=bool(call.attributes.get("linear_before_reset"))
    )
    rows = []
    for end, (_, part, gates) in parts.items():
        of_input = part == INPUT
        held = call.tensor(1 if of_input else 2)
        c, m = channels if of_input else hidden, (gates.stop - gates.start) * hidden
        row = call.product(
            *(c, m, 1),
            *(call.tensor(0) if of_input else Tensor(), _part_of(held, end)),
            n=length * batch,
        )
        recurrent_weights = 0 if of_input else row.n_weights
        name = f"{call.name}/{end}"
        rows.append(replace(row, name=name, recurrent_weights=recurrent_weights))
    return rows


def _part_of(stored: Tensor, part: str) -> Tensor:
    """A part of a stored tensor, which shares weights only with the same part of it."""
    return replace(stored, root=f"{stored.root}/{part}") if stored.root else stored


# Attention as one operator: its two products of activations, and its projection if it has one.


def attention(call: Call) -> list[Row]:
    """Rows of ONNX's own `Attention`, operands of three or four axes."""
    q, k, v = (call.shape(i) for i in range(3))
    past = _past(call, 4)
    if len(q) == 4:
        return _products(call, q[0], (q[1], k[1]), (q[2], k[2] + past), q[3], v[3])
    if len(q) == 3:
        heads = call.required_positive("q_num_heads"), call.required_positive("kv_num_heads")
        length = q[1], k[1] + past
        return _products(call, q[0], heads, length, q[2] // heads[0], v[2] // heads[1])
    raise NotModelled(f"queries of {len(q)} axes")


def multi_head_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `MultiHeadAttention` with separate queries, keys and values."""
    q = call.shape(0)
    if len(q) != 3 or call.optional(1) is None or call.optional(2) is None:
        raise NotModelled("queries, keys and values are packed together")
    k, v = call.shape(1), call.shape(2)
    heads = call.required_positive("num_heads")
    if len(k) == 4:  # keys and values as heads already
        length, width = k[2], v[3]
    else:
        length, width = k[1] + _past(call, 6), v[2] // heads
    return _products(call, q[0], (heads, heads), (q[1], length), q[2] // heads, width)


def grouped_query_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `GroupQueryAttention` with separate queries, keys and values."""
    if call.optional(1) is None:
        raise NotModelled("queries, keys and values are packed together")
    q, k = call.shape(0), call.shape(1)
    heads = call.required_positive("num_heads"), call.required_positive("kv_num_heads")
    depth = q[2] // heads[0]
    return _products(call, q[0], heads, (q[1], k[1] + _past(call, 3)), depth, depth)


def projected_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `Attention` and `QAttention`, which project their input themselves."""
    batch, length, channels = call.shape(0)
    total = call.shape(1)[1]
    heads = call.required_positive("num_heads")
    q, k, v = call.positives("qkv_hidden_sizes", 3) or [total // 3] * 3
    row = call.product(channels, q + k + v, length, call.tensor(0), call.tensor(1), n=batch)
    past = _past(call, 8 if call.operator.endswith("QAttention") else 4, axis=3)
    lengths = length, length + past
    products = _products(call, batch, (heads, heads), lengths, q // heads, v // heads)
    return [replace(row, name=f"{call.name}/projection"), *products]


def _past(call: Call, index: int, axis: int = 2) -> int:
    """Positions kept from before, where that input is there."""
    return call.shape(index)[axis] if call.optional(index) is not None else 0


def _products(
    call: Call,
    batch: int,
    heads: tuple[int, int],
    length: tuple[int, int],
    depth: int,
    width: int,
) -> list[Row]:
    """Queries · keys, then weights · values; heads that share keys are batch."""
    if heads[1] < 1 or heads[0] % heads[1]:
        raise NotModelled(f"{heads[0]} query heads for {heads[1]} key heads")
    activations = Tensor()
    groups, shared = batch * heads[1], heads[0] // heads[1]
    sizes = {"scores": (depth, length[1]), "values": (length[1], width)}
    return [
        replace(
            call.product(c, m, length[0], activations, activations, g=groups, n=shared),
            name=f"{call.name}/{part}",
        )
        for part, (c, m) in sizes.items()
    ]


# All operators.

IMPORTED: dict[str, Callable[[Call], list[Row]]] = {
    "Attention": attention,
    "Conv": convolution,
    "ConvInteger": convolution,
    "ConvTranspose": partial(convolution, transposed=True),
    "DeformConv": deformable_convolution,
    "Einsum": einsum,
    "GRU": recurrent,
    "Gemm": matrix_product,
    "LSTM": recurrent,
    "MatMul": matrix_product,
    "MatMulInteger": matrix_product,
    "QLinearConv": partial(convolution, weights=3),
    "QLinearMatMul": partial(matrix_product, right=3),
    "RNN": recurrent,
    "com.microsoft.Attention": projected_attention,
    "com.microsoft.DynamicQuantizeLSTM": recurrent,
    "com.microsoft.DynamicQuantizeMatMul": matrix_product,
    "com.microsoft.FusedConv": convolution,
    "com.microsoft.FusedGemm": matrix_product,
    "com.microsoft.FusedMatMul": matrix_product,
    "com.microsoft.GroupQueryAttention": grouped_query_attention,
    "com.microsoft.MatMulIntegerToFloat": matrix_product,
    "com.microsoft.MatMulNBits": quantised_blocks,
    "com.microsoft.MultiHeadAttention": multi_head_attention,
    "com.microsoft.QAttention": projected_attention,
    "com.microsoft.QGemm": partial(matrix_product, right=3),
}
"""Operators that become layers, or say why they cannot; with their domain in front where it is not
ONNX's own."""

PRODUCTS = frozenset(
    """
    CausalConvWithState DFT LinearAttention Loop STFT Scan SequenceMap
    ai.onnx.ml.LinearClassifier ai.onnx.ml.LinearRegressor ai.onnx.ml.SVMClassifier
    ai.onnx.ml.SVMRegressor
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Known operators that multiply matrices, or may, in ways the layers cannot express."""
