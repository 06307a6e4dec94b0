"""Properties of a tensor that are known before the network runs.

What no network has (absurd sizes, data of another length) raises InputError that names the tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from imcmoo.arrays import Values
from imcmoo.io.errors import InputError
from imcmoo.io.named import one_line

Shape = tuple[int | None, ...]
"""Sizes of a tensor's axes; None where a size depends on data."""

LARGEST_TENSOR = 1 << 40
"""Elements; beyond this a shape is a mistake, not a network."""

LARGEST_VALUE = 1 << 14
"""Elements of a tensor whose value is followed: enough for shapes, masks and positions."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph."""

    shape: Shape | None = None  # None where even the number of axes is unknown
    element: int = 0  # ONNX element type, 0 where unknown
    constant: bool = False  # the same whatever the network's inputs are
    value: Values | None = field(default=None, compare=False)  # where known and few
    root: str | None = None  # the stored tensor that this is a view of
    name: str | None = None  # in the main graph; None inside subgraphs and functions
    data: onnx.TensorProto | None = field(default=None, compare=False)  # as stored
    other: onnx.TypeProto | None = field(default=None, compare=False)  # a sequence or an optional

    @property
    def known(self) -> tuple[int, ...] | None:
        """The shape, if every size is known."""
        if self.shape is None or None in self.shape:
            return None
        return tuple(n for n in self.shape if n is not None)

    @property
    def single(self) -> Any:
        """The element of a tensor that has one; None where it is not known."""
        return None if self.value is None or self.value.size != 1 else self.value.reshape(-1)[0]

    def type_proto(self) -> onnx.TypeProto:
        """Its type as ONNX writes it."""
        if self.other is not None:
            return self.other
        return onnx.helper.make_tensor_type_proto(self.element, self.shape)


def sizes_of(shape: onnx.TensorShapeProto) -> list[int | str | None]:
    """Each axis as the file states it: a size, a symbol, or nothing."""
    return [
        d.dim_param or (d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None)
        for d in shape.dim
    ]


def from_type(proto: onnx.TypeProto, where: str) -> Tensor:
    """A tensor of this type; sizes given by a symbol are unknown.

    Raises:
        InputError: it is absurdly large.
    """
    if not proto.HasField("tensor_type"):
        return Tensor(other=proto)
    kind = proto.tensor_type
    if not kind.HasField("shape"):
        return Tensor(element=kind.elem_type)
    sizes = [n if isinstance(n, int) else None for n in sizes_of(kind.shape)]
    return Tensor(checked(sizes, where), kind.elem_type)


def from_value(value: Values, *, constant: bool = True) -> Tensor:
    """A tensor whose elements are known."""
    element = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
    return Tensor(value.shape, element, constant, value)


def from_stored(proto: onnx.TensorProto, where: str) -> Tensor:
    """A constant of the file; its elements are read if they are few and in the file itself.

    Raises:
        InputError: its shape is absurd, or its data do not fill it.
    """
    shape = checked(list(proto.dims), where)
    value = None
    has_data = stores_data(proto)
    if has_data:
        _check_length(proto, where)
    if (has_data or 0 in shape) and prod(proto.dims) <= LARGEST_VALUE:
        try:
            value = numpy_helper.to_array(proto)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise InputError(f"{where}: its data cannot be read: {one_line(error)}") from None
    name = proto.name or None
    return Tensor(shape, proto.data_type, True, value, root=name, data=proto)


def stores_data(proto: onnx.TensorProto) -> bool:
    """The tensor's elements are in the file, not beside it or stripped."""
    if proto.data_location == onnx.TensorProto.EXTERNAL:
        return False
    kinds = ("float", "int32", "int64", "double", "uint64", "string")
    return proto.HasField("raw_data") or any(len(getattr(proto, f"{k}_data")) for k in kinds)


def checked(sizes: Sequence[int | None], where: str) -> Shape:
    """A shape without negative sizes and of at most `LARGEST_TENSOR` elements.

    Raises:
        InputError: a negative size, or more than `LARGEST_TENSOR` elements.
    """
    if any(n is not None and n < 0 for n in sizes):
        raise InputError(f"{where}: a negative size in {list(sizes)}")
    if prod(n for n in sizes if n) > LARGEST_TENSOR:
        raise InputError(f"{where}: {list(sizes)} is more than 2^40 elements")
    return tuple(sizes)


def _check_length(proto: onnx.TensorProto, where: str) -> None:
    """Raw data must be as long as the shape says."""
    try:
        kind = onnx.helper.tensor_dtype_to_np_dtype(proto.data_type)
    except KeyError:
        raise InputError(f"{where}: element type {proto.data_type} is not one of ONNX's") from None
    if not proto.HasField("raw_data") or kind.kind not in "biufc":
        return
    expected = prod(proto.dims) * np.dtype(kind).itemsize
    if len(proto.raw_data) != expected:
        raise InputError(
            f"{where}: {len(proto.raw_data)} bytes of data for a shape {list(proto.dims)} "
            f"that takes {expected}"
        )
