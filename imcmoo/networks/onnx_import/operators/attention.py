"""Attention as one operator: its two products of activations, and its projection if it has one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.operators.call import Call, NotModelled
from imcmoo.networks.onnx_import.tensors import Tensor


@dataclass(frozen=True)
class _Heads:
    """Sizes of an attention.

    Args:
        batch: independent sequences.
        query_heads, key_heads: the latter divide the former.
        query_length: positions of the queries.
        key_length: positions of keys and values, past ones included.
        depth, width: elements per head of keys and of values.
    """

    batch: int
    query_heads: int
    key_heads: int
    query_length: int
    key_length: int
    depth: int
    width: int


def attention(call: Call) -> list[Row]:
    """Rows of ONNX's own `Attention`, operands of three or four axes."""
    q, k, v = (call.shape(i) for i in range(3))
    past = _past(call, 4)
    if len(q) == 4:
        sizes = _Heads(q[0], q[1], k[1], q[2], k[2] + past, q[3], v[3])
    elif len(q) == 3:
        heads, keys = call.attributes["q_num_heads"], call.attributes["kv_num_heads"]
        sizes = _Heads(q[0], heads, keys, q[1], k[1] + past, q[2] // heads, v[2] // keys)
    else:
        raise NotModelled(f"queries of {len(q)} axes")
    return _products(call, sizes)


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
    return _products(call, _Heads(q[0], heads, heads, q[1], length, q[2] // heads, width))


def grouped_query_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `GroupQueryAttention` with separate queries, keys and values."""
    if call.optional(1) is None:
        raise NotModelled("queries, keys and values are packed together")
    q, k = call.shape(0), call.shape(1)
    heads, keys = call.attributes["num_heads"], call.attributes["kv_num_heads"]
    depth = q[2] // heads
    length = k[1] + _past(call, 3)
    return _products(call, _Heads(q[0], heads, keys, q[1], length, depth, depth))


def projected_attention(call: Call) -> list[Row]:
    """Rows of onnxruntime's `Attention` and `QAttention`, which project their input themselves."""
    batch, length, channels = call.shape(0)
    total = call.shape(1)[1]
    heads = call.attributes["num_heads"]
    q, k, v = call.attributes.get("qkv_hidden_sizes") or [total // 3] * 3
    projection = Row(
        name=f"{call.name}/projection",
        kind=call.operator,
        sizes=(channels, q + k + v, length, 1, 1, 1, 1, batch),
        inputs=call.tensor(0),
        weights=call.tensor(1),
    )
    past = _past(call, 8 if call.operator.endswith("QAttention") else 4, axis=3)
    sizes = _Heads(batch, heads, heads, length, length + past, q // heads, v // heads)
    return [projection, *_products(call, sizes)]


def _past(call: Call, index: int, axis: int = 2) -> int:
    """Positions kept from before, where that input is there."""
    return call.shape(index)[axis] if call.optional(index) is not None else 0


def _products(call: Call, h: _Heads) -> list[Row]:
    """Queries · keys, then weights · values; heads that share keys are batch."""
    if h.key_heads < 1 or h.query_heads % h.key_heads:
        raise NotModelled(f"{h.query_heads} query heads for {h.key_heads} key heads")
    activations = Tensor()
    groups, shared = h.batch * h.key_heads, h.query_heads // h.key_heads
    scores = Row(
        name=f"{call.name}/scores",
        kind=call.operator,
        sizes=(h.depth, h.key_length, h.query_length, 1, 1, 1, groups, shared),
        inputs=activations,
        weights=activations,
    )
    mixed = replace(
        scores,
        name=f"{call.name}/values",
        sizes=(h.key_length, h.width, h.query_length, 1, 1, 1, groups, shared),
    )
    return [scores, mixed]
