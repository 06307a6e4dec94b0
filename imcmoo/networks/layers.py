"""Layers: loop dimensions, and the coding of operands.

Operands are signed fractions of the largest magnitude in their tensor, coded with an offset (code
127 of 0..254 is zero). A density is the probability that a bit of the code is 1.
"""

from __future__ import annotations

from imcmoo.arrays import Ints

DIMENSIONS = ("C", "M", "P", "Q", "R", "S", "G", "N")
"""Loop dimensions of a layer: input and output channels per group, output height and width, kernel
height and width, groups, batch.
"""

BITS = 8
"""Default precision of inputs, weights and outputs, bits."""

OPERANDS = ("input", "weight")
"""Operands of a layer; the 'weight' of a dynamic layer is the activation held in the arrays."""

DENSITIES = {operand: tuple(f"{operand}_bit{i}" for i in range(BITS)) for operand in OPERANDS}
"""Column names of the densities of each operand, most significant first."""

DEFAULT_DENSITIES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "convolution": (
        (0.347, 0.703, 0.752, 0.773, 0.776, 0.517, 0.5, 0.5),
        (0.383, 0.599, 0.568, 0.552, 0.536, 0.5, 0.5, 0.5),
    ),
    "linear": (
        (0.378, 0.62, 0.611, 0.59, 0.589, 0.584, 0.5, 0.5),
        (0.476, 0.506, 0.501, 0.5, 0.5, 0.5, 0.5, 0.5),
    ),
    "product": (
        (0.352, 0.644, 0.644, 0.652, 0.664, 0.567, 0.5, 0.5),
        (0.465, 0.516, 0.504, 0.501, 0.499, 0.5, 0.5, 0.5),
    ),
}
"""Densities of inputs and weights where nothing is known of a layer but its kind: convolution,
linear layer, product of two activations.

Source: means over the 302, 540 and 120 such layers of the eight shipped networks with histograms
(the CiMLoop workloads, github.com/mit-emze/cimloop).
"""


def layer_class(kind: str, sizes: Ints, *, dynamic: bool) -> str:
    """Key of `DEFAULT_DENSITIES` for a layer of a kind (may be empty) and sizes (`DIMENSIONS`)."""
    if dynamic or "attention" in kind.lower():
        return "product"
    _, _, _, q, r, s, g, _ = sizes
    if "conv" in kind.lower() and kind != "Conv1D":  # name of a linear layer in transformers
        return "convolution"
    return "convolution" if not kind and max(q, r, s, g) > 1 else "linear"
