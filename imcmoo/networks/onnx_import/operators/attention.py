"""Attention as one operator: its two products of activations, and its projection if it has one."""

from __future__ import annotations

from dataclasses import replace

from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.operators.call import Call, NotModelled
from imcmoo.networks.onnx_import.tensors import Tensor


def attention(call: Call) -> list[Row]:
    """Rows of ONNX's own `Attention`, operands of three or four axes."""
    q, k, v = (call.shape(i) for i in range(3))
    past = _past(call, 4)
    if len(q) == 4:
        return _products(call, q[0], (q[1], k[1]), (q[2], k[2] + past), q[3], v[3])
    if len(q) == 3:
        heads = call.attributes["q_num_heads"], call.attributes["kv_num_heads"]
        length = q[1], k[1] + past
        return _products(call, q[0], heads, length, q[2] // heads[0], v[2] // heads[1])
    raise NotModelled(f"queries of {len(q)} axes")


def multi_head_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `MultiHeadAttention` with separate queries, keys and values."""
    q = call.shape(0)
    if len(q) != 3 or call.optional(1) is None or call.optional(2) is None:
        raise NotModelled("queries, keys and values are packed together")
    k, v = call.shape(1), call.shape(2)
    heads = call.attributes["num_heads"]
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
    heads = call.attributes["num_heads"], call.attributes["kv_num_heads"]
    depth = q[2] // heads[0]
    return _products(call, q[0], heads, (q[1], k[1] + _past(call, 3)), depth, depth)


def projected_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `Attention` and `QAttention`, which project their input themselves."""
    batch, length, channels = call.shape(0)
    total = call.shape(1)[1]
    heads = call.attributes["num_heads"]
    q, k, v = call.attributes.get("qkv_hidden_sizes") or [total // 3] * 3
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
