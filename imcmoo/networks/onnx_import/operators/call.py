"""One node with what is known of the tensors it reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.tensors import Tensor


class NotModelled(Exception):
    """A node that computes products the layers cannot express; the message says why. `rows` are its
    multiply-accumulates, as far as they are known."""

    def __init__(self, reason: str, rows: Sequence[Row] = ()) -> None:
        super().__init__(reason)
        self.rows = tuple(rows)


@dataclass(frozen=True)
class Call:
    """A node to be turned into layers.

    Args:
        name: what the layers are called.
        operator: as in the account.
        attributes: by name; text decoded, lists as lists.
        inputs: in order, None for one left out.
        outputs: in order.
    """

    name: str
    operator: str
    attributes: dict[str, Any]
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]

    def tensor(self, index: int) -> Tensor:
        """An input that must be there.

        Raises:
            NotModelled: it is not.
        """
        tensor = self.optional(index)
        if tensor is None:
            raise NotModelled(f"has no input {index}")
        return tensor

    def optional(self, index: int) -> Tensor | None:
        """An input, or None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of an input that must be there.

        Raises:
            NotModelled: it is not, or a size of it depends on data.
        """
        return known_shape(self.tensor(index), f"input {index}")

    def product(
        self, c: int, m: int, p: int, inputs: Tensor, weights: Tensor, *, g: int = 1, n: int = 1
    ) -> Row:
        """The layer of a product of matrices.

        Args:
            c, m, p, g, n: its loop sizes besides Q, R and S, which are 1.
            inputs: the operand that streams through the arrays.
            weights: the operand held in the arrays.
        """
        return Row(self.name, self.operator, (c, m, p, 1, 1, 1, g, n), inputs, weights)


def known_shape(tensor: Tensor, what: str) -> tuple[int, ...]:
    """The tensor's sizes.

    Raises:
        NotModelled: one of them depends on data or on an unknown operator.
    """
    if tensor.known is None:
        raise NotModelled(f"the shape of {what} is not known")
    return tensor.known


RowsOf = Callable[[Call], list[Row]]
"""Turns a node into layers; raises `NotModelled` where it cannot."""
