"""A call of an ONNX operator: its node, attributes and the shapes of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import onnx

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.reading import ONNX_DOMAINS
from imcmoo.networks.onnx_import.tensors import Shape, Tensor


class NotModelled(Exception):
    """A node that computes products the layers cannot express; the message says why. `rows` are its
    multiply-accumulates, as far as they are known."""

    def __init__(self, reason: str, rows: Sequence[Row] = ()) -> None:
        super().__init__(reason)
        self.rows = tuple(rows)


@dataclass(frozen=True)
class Call:
    """A node of the graph with what it reads."""

    node: onnx.NodeProto
    name: str  # of its layers
    inputs: Sequence[Tensor | None]  # None for one that is left out
    opsets: Mapping[str, int]  # version of each operator set
    outputs: Sequence[Tensor] = ()  # as far as they are known

    @property
    def operator(self) -> str:
        """The operator's name, with its domain in front where that is not ONNX's own."""
        node = self.node
        return node.op_type if node.domain in ONNX_DOMAINS else f"{node.domain}.{node.op_type}"

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Numbers, text, lists of them, and protobuf's own classes, by name."""
        return {a.name: _plain(a) for a in self.node.attribute}

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

    def sizes(self, index: int) -> Shape | None:
        """Shape of an input as far as it is known."""
        tensor = self.optional(index)
        return None if tensor is None else tensor.shape

    def whole(self, name: str) -> int | None:
        """A whole number that an attribute holds; None where it is left out."""
        value = self.attributes.get(name)
        if value is None or isinstance(value, int):
            return value
        raise InputError(f"attribute '{name}' must be a whole number")

    def positive(self, name: str) -> int | None:
        """A positive whole number that an attribute holds; None where it is left out."""
        value = self.whole(name)
        if value is not None and value < 1:
            raise InputError(f"attribute '{name}' must be positive, got {value}")
        return value

    def required_positive(self, name: str) -> int:
        """A positive whole number that an attribute must hold.

        Raises:
            InputError: it is missing or not positive, which no operator that needs it can run with.
        """
        value = self.positive(name)
        if value is None:
            raise InputError(f"lacks the attribute '{name}'")
        return value

    def positives(self, name: str, count: int) -> list[int] | None:
        """So many positive whole numbers that an attribute lists; None where it lists none."""
        values = self.attributes.get(name)
        if values is None or values == []:
            return None
        if (
            isinstance(values, list)
            and len(values) == count
            and all(isinstance(value, int) and value > 0 for value in values)
        ):
            return values
        raise InputError(f"attribute '{name}' must be a list of {count} positive whole numbers")

    def product(
        self, c: int, m: int, p: int, inputs: Tensor, weights: Tensor, *, g: int = 1, n: int = 1
    ) -> Row:
        """The layer of a product of matrices; its loop sizes Q, R and S are 1."""
        return Row(self.name, self.operator, (c, m, p, 1, 1, 1, g, n), inputs, weights)


def _plain(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return list(value) if attribute.ints else value


def known_shape(tensor: Tensor, what: str) -> tuple[int, ...]:
    """The tensor's sizes.

    Raises:
        NotModelled: one of them depends on data or on an unknown operator.
    """
    if tensor.known is None:
        raise NotModelled(f"the shape of {what} is not known")
    return tensor.known
