"""Convolutions in one and two dimensions, forwards and transposed."""

from __future__ import annotations

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.operators.call import Call, NotModelled, RowsOf, known_shape


def convolution(inputs: int, weights: int) -> RowsOf:
    """Rows of a convolution whose operands are these inputs of the node."""

    def rows(call: Call) -> list[Row]:
        output = known_shape(call.outputs[0], "the output")
        return _rows(call, inputs, weights, positions=output[2:], transposed=False)

    return rows


def transposed_convolution(call: Call) -> list[Row]:
    """Rows of a `ConvTranspose`.

    Every input position meets every weight once, so P and Q are the input's positions; the stride
    is that of the output.
    """
    return _rows(call, 0, 1, positions=call.shape(0)[2:], transposed=True)


def deformable_convolution(call: Call) -> list[Row]:
    """Counts a `DeformConv`, whose windows are torn apart by what it reads.

    Raises:
        NotModelled: always, with its multiply-accumulates.
    """
    raise NotModelled("its windows depend on data", convolution(0, 1)(call))


def _rows(
    call: Call, inputs: int, weights: int, *, positions: tuple[int, ...], transposed: bool
) -> list[Row]:
    sizes, kernel = call.shape(inputs), call.shape(weights)
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
        sizes=(c, m, *_pair(positions), *_pair(kernel[2:]), groups, sizes[0]),
        inputs=call.tensor(inputs),
        weights=call.tensor(weights),
        stride=_pair(call.attributes.get("strides", [1] * rank)),
        dilation=_pair(call.attributes.get("dilations", [1] * rank)),
    )
    if rank > 2:
        raise NotModelled(f"a convolution in {rank} dimensions", [row])
    return [row]


def _pair(sizes: tuple[int, ...] | list[int]) -> tuple[int, int]:
    """Height and width; one dimension counts as height, further ones multiply the height."""
    height, width = 1, sizes[-1]
    if len(sizes) == 1:
        return sizes[0], 1
    for size in sizes[:-1]:
        height *= size
    return height, width
