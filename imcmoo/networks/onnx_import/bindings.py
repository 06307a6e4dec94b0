"""The inputs of a model: declared by the file, made definite by the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx

from imcmoo.io.errors import InputError, did_you_mean_or_known
from imcmoo.networks.onnx_import.tensors import LARGEST_VALUE, Shape, Tensor, checked, from_value

Dimension = int | str | None
"""An axis as the file declares it: a size, a symbol, or nothing."""


@dataclass(frozen=True)
class Bound:
    """A model's inputs, made definite.

    Args:
        tensors: by name.
        symbols: size of every symbol that is known now.
        as_declared: no size differs from one that the file declares.
    """

    tensors: dict[str, Tensor]
    symbols: dict[str, int]
    as_declared: bool


def bind_inputs(
    inputs: Iterable[onnx.ValueInfoProto],
    *,
    shapes: Mapping[str, tuple[int, ...]],
    dims: Mapping[str, int],
    values: Mapping[str, tuple[float, ...]],
) -> Bound:
    """Give every input of a graph its shape.

    Args:
        inputs: the graph's inputs that are not stored in the file.
        shapes: by input; overrides the file.
        dims: size of each symbol.
        values: elements by input; a single one fills the input.

    Raises:
        InputError: an unknown name, a shape of another rank, or a size that stays unknown (all of
            them, each with input, axis and symbol).
    """
    declared = {i.name: i.type for i in inputs}
    axes = {name: _axes(kind) for name, kind in declared.items()}
    _check_names("input", [*shapes, *values], declared)
    symbols = {a for sizes in axes.values() for a in sizes or () if isinstance(a, str)}
    _check_names("symbol", dims, symbols)
    settled = [
        (axis, size)
        for name, shape in shapes.items()
        for axis, size in zip(axes[name] or (), shape, strict=False)
    ]
    sizes = _symbols_of(settled) | dict(dims)
    bound, missing = {}, []
    for name, kind in declared.items():
        if not kind.HasField("tensor_type"):
            bound[name] = Tensor(other=kind)
            continue
        elements = values.get(name)
        shape, unknown = _shape(name, axes[name], shapes.get(name), sizes, elements)
        missing += unknown
        if not unknown:
            bound[name] = _tensor(name, shape, kind.tensor_type.elem_type, elements)
    if missing:
        raise InputError(
            f"sizes stay open: {'; '.join(missing)}; give them with --shape INPUT=... or "
            "--dim SYMBOL=..."
        )
    as_declared = all(axis == size for axis, size in settled if isinstance(axis, int))
    return Bound(bound, sizes, as_declared)


def _axes(kind: onnx.TypeProto) -> tuple[Dimension, ...] | None:
    """Each axis as the file states it; None where not even their number is stated."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    return tuple(
        d.dim_param or (d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None)
        for d in kind.tensor_type.shape.dim
    )


def _symbols_of(settled: Iterable[tuple[Dimension, int]]) -> dict[str, int]:
    """Symbols among axes whose size is stated.

    A symbol of two sizes has none: some exporters write '?' for every open axis.
    """
    sizes: dict[str, set[int]] = {}
    for axis, size in settled:
        if isinstance(axis, str):
            sizes.setdefault(axis, set()).add(size)
    return {symbol: values.pop() for symbol, values in sizes.items() if len(values) == 1}


def _shape(
    name: str,
    axes: tuple[Dimension, ...] | None,
    stated: tuple[int, ...] | None,
    symbols: Mapping[str, int],
    values: tuple[float, ...] | None,
) -> tuple[Shape, list[str]]:
    """The shape of one input, and what of it stays open."""
    if stated is not None:
        if axes is not None and len(axes) != len(stated):
            raise InputError(
                f"input '{name}' has {len(axes)} axes, the shape given has {len(stated)}"
            )
        return checked(stated, f"input '{name}'"), []
    if axes is None:
        return ((len(values),), []) if values else ((), [f"input '{name}', its number of axes"])
    sizes = [symbols.get(a) if isinstance(a, str) else a for a in axes]
    if values and sizes.count(None) == 1:  # as many elements as were given
        sizes[sizes.index(None)] = len(values) // max(1, prod(n for n in sizes if n))
    unknown = [
        f"input '{name}', axis {i} ({f'symbol {a}' if isinstance(a, str) else 'no symbol'})"
        for i, (a, n) in enumerate(zip(axes, sizes, strict=True))
        if n is None
    ]
    return checked(sizes, f"input '{name}'"), unknown


def _tensor(name: str, shape: Shape, element: int, values: tuple[float, ...] | None) -> Tensor:
    if values is None:
        return Tensor(shape, element)
    sizes = [n or 0 for n in shape]
    if len(values) not in (1, prod(sizes)) or prod(sizes) > LARGEST_VALUE:
        raise InputError(f"input '{name}' has shape {sizes}, but {len(values)} values are given")
    try:
        kind = onnx.helper.tensor_dtype_to_np_dtype(element)
    except KeyError:
        raise InputError(f"input '{name}' has element type {element}, none of ONNX's") from None
    if kind.kind not in "biuf":
        raise InputError(f"input '{name}' is not numeric, so no value can be given")
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        if not all(v == v // 1 and limits.min <= v <= limits.max for v in values):
            texts = ", ".join(map(str, values))
            raise InputError(f"input '{name}' takes whole numbers of type {kind}, not {texts}")
    flat = np.array(values * (prod(sizes) // len(values)), dtype=kind)
    return from_value(flat.reshape(sizes), constant=False)


def _check_names(what: str, requested: Iterable[str], known: Iterable[str]) -> None:
    names = sorted(known)
    for name in requested:
        if name not in names:
            raise InputError(
                f"the model has no {what} '{name}'; {did_you_mean_or_known(name, names)}"
            )
