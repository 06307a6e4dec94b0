"""Result of an import: layers, and an account of every node of the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TYPE_CHECKING

from imcmoo.networks.workloads import Workload

if TYPE_CHECKING:  # who shows an account need not have onnx installed
    from imcmoo.networks.onnx_import.tensors import Tensor


class Fate(Enum):
    """Outcome of the import for one node."""

    IMPORTED = "imported"
    FREE = "free"
    NOT_MODELLED = "not_modelled"


@dataclass(frozen=True)
class Row:
    """One matrix product, as a layer of a network.

    Args:
        name: unique within the network.
        kind: the operator it comes from.
        sizes: loop sizes C, M, P, Q, R, S, G, N.
        stride, dilation: in height and width.
        inputs: the operand that streams through the arrays.
        weights: the operand held in the arrays.
        recurrent_weights: of `weights`, how many multiply a hidden state.
    """

    name: str
    kind: str
    sizes: tuple[int, int, int, int, int, int, int, int]
    inputs: Tensor
    weights: Tensor
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    recurrent_weights: int = 0

    @property
    def dynamic(self) -> bool:
        """Both operands are computed while the network runs."""
        return not self.weights.constant

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return prod(self.sizes)

    @property
    def n_weights(self) -> int:
        """Cells' worth of weights: C·M·R·S·G."""
        c, m, _, _, r, s, g, _ = self.sizes
        return c * m * r * s * g


@dataclass(frozen=True)
class Item:
    """One node of the graph and what became of it.

    Args:
        operator: with its domain in front where that is not ONNX's own.
        node: its name.
        fate: imported, free or not modelled.
        rows: the layers it became, or would be if it were modelled.
        reason: why it is not modelled.
        macs_known: `rows` are all the multiply-accumulates the node has.
    """

    operator: str
    node: str
    fate: Fate
    rows: tuple[Row, ...] = ()
    reason: str = ""
    macs_known: bool = True


@dataclass(frozen=True)
class Account:
    """Every node that computes something of the outputs."""

    items: tuple[Item, ...]

    def nodes(self, fate: Fate) -> dict[str, int]:
        """Number of nodes of each operator with this fate, most frequent first."""
        return dict(Counter(i.operator for i in self.items if i.fate is fate).most_common())

    def of(self, fate: Fate) -> Iterator[Item]:
        """The nodes with this fate, in the order of the graph."""
        return (item for item in self.items if item.fate is fate)

    def macs(self, fate: Fate) -> int:
        """Multiply-accumulates of the nodes with this fate, as far as they are known."""
        return sum(row.macs for item in self.of(fate) for row in item.rows)

    def share(self, fate: Fate) -> float:
        """Part of all known multiply-accumulates, between 0 and 1."""
        return self.macs(fate) / max(1, sum(map(self.macs, Fate)))


@dataclass(frozen=True)
class Imported:
    """A network read from an ONNX file.

    Args:
        workload: its layers.
        rows: the same with the tensors they read, in the same order.
        account: what became of each node.
        warnings: what a reader should know, a sentence each.
    """

    workload: Workload
    rows: tuple[Row, ...]
    account: Account
    warnings: tuple[str, ...]

    def summary(self) -> dict[str, int | dict[str, int]]:
        """Totals of the network.

        `macs` includes those of dynamic layers. `weights` counts a shared tensor once and, of a
        recurrent layer, only what multiplies its input; `weights_recurrent` is what multiplies the
        hidden state.
        """
        shared = self.workload.shared_with
        weighted = [
            r for r, other in zip(self.rows, shared, strict=True) if not (other or r.dynamic)
        ]
        recurrent = sum(r.recurrent_weights for r in weighted)
        return {
            "layers": len(self.rows),
            "macs": _macs(self.rows),
            "macs_dynamic": _macs(r for r in self.rows if r.dynamic),
            "weights": sum(r.n_weights for r in weighted) - recurrent,
            "weights_recurrent": recurrent,
            **{fate.value: self.account.nodes(fate) for fate in Fate},
        }


def _macs(rows: Iterable[Row]) -> int:
    return sum(row.macs for row in rows)
