"""Set open axes of the inputs of an ONNX model to sizes, and set the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx

from imcmoo.io.errors import InputError, did_you_mean_or_known
from imcmoo.networks.onnx_import.reading import Dimension
from imcmoo.networks.onnx_import.tensors import (
    LARGEST_VALUE,
    Shape,
    Tensor,
    checked,
    from_value,
    sizes_of,
)


@dataclass(frozen=True)
class Bound:
    """A model's inputs, made definite."""

    tensors: dict[str, Tensor]  # by name
    symbols: dict[str, int]  # size of every symbol that is known now
    as_declared: bool  # no size differs from one that the file declares


def bind_inputs(
    declared: Mapping[str, onnx.TypeProto],
    shapes: Mapping[str, tuple[int, ...]],
    dims: Mapping[str, int],
    values: Mapping[str, tuple[float, ...]],
) -> Bound:
    """Give every input of a graph its shape; all sizes that stay unknown are one error.

    Args:
        declared: types of the inputs by name.
        shapes: by input; overrides the file.
        dims: size of each symbol.
        values: elements by input; a single one fills the input.

    Raises:
        InputError: an unknown name, a shape of another rank, or a size that stays unknown (all of
            them, each with input, axis and symbol).
    """
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


def set_batch(declared: Mapping[str, onnx.TypeProto], batch: int) -> list[str]:
    """Set the open first axis of each input of several axes, in place; returns these inputs.

    Its symbol is set on all axes of all inputs, unless one input has it twice: some exporters write
    '?' for every open axis.
    """
    opened: list[str] = []
    axes = {name: _axes(kind) or () for name, kind in declared.items()}
    for name, sizes in axes.items():
        if len(sizes) < 2 or isinstance(sizes[0], int):
            continue
        opened.append(name)
        declared[name].tensor_type.shape.dim[0].dim_value = batch
        if sizes[0] is None or any(of_input.count(sizes[0]) > 1 for of_input in axes.values()):
            continue
        for other, of_input in axes.items():
            if sizes[0] in of_input:
                at = of_input.index(sizes[0])
                declared[other].tensor_type.shape.dim[at].dim_value = batch
    return opened


def _axes(kind: onnx.TypeProto) -> tuple[Dimension, ...] | None:
    """Each axis as the file states it; None where not even their number is stated."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    return tuple(sizes_of(kind.tensor_type.shape))


def _symbols_of(settled: Iterable[tuple[Dimension, int]]) -> dict[str, int]:
    """Symbols with a single stated size; some exporters write '?' for every open axis."""
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
