"""Result of an import: layers, and an account of every node of the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TYPE_CHECKING

from imcmoo.networks.workloads import Workload

if TYPE_CHECKING:  # an account can be shown without onnx
    from imcmoo.networks.onnx_import.tensors import Tensor


class Fate(Enum):
    """Outcome of the import for one node."""

    IMPORTED = "imported"
    FREE = "free"
    NOT_MODELLED = "not_modelled"


@dataclass(frozen=True)
class Row:
    """One matrix product, as a layer of a network."""

    name: str  # unique within the network
    kind: str  # the operator it comes from
    sizes: tuple[int, int, int, int, int, int, int, int]  # C, M, P, Q, R, S, G, N
    inputs: Tensor  # streams through the arrays
    weights: Tensor  # held in the arrays
    stride: tuple[int, int] = (1, 1)  # in height and width
    dilation: tuple[int, int] = (1, 1)
    recurrent_weights: int = 0  # how many weights multiply a hidden state

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
    """One node of the graph and what became of it."""

    operator: str  # with its domain in front where that is not ONNX's own
    node: str  # its name
    fate: Fate
    rows: tuple[Row, ...] = ()  # the layers it became, or would be if it were modelled
    reason: str = ""  # why it is not modelled
    macs_known: bool = True  # `rows` are all the multiply-accumulates the node has


@dataclass(frozen=True)
class Account:
    """Every node that computes something of the outputs."""

    items: tuple[Item, ...]

    def nodes(self, fate: Fate) -> dict[str, int]:
        """Number of nodes of each operator with this fate, most frequent first."""
        return dict(Counter(i.operator for i in self.items if i.fate is fate).most_common())

    def with_fate(self, fate: Fate) -> Iterator[Item]:
        """The nodes with this fate, in the order of the graph."""
        return (item for item in self.items if item.fate is fate)

    def macs(self, fate: Fate) -> int:
        """Multiply-accumulates of the nodes with this fate, as far as they are known."""
        return sum(row.macs for item in self.with_fate(fate) for row in item.rows)

    def share(self, fate: Fate) -> float:
        """Part of all known multiply-accumulates, between 0 and 1."""
        return self.macs(fate) / max(1, sum(map(self.macs, Fate)))


@dataclass(frozen=True)
class Imported:
    """A network read from an ONNX file."""

    workload: Workload
    rows: tuple[Row, ...]  # its layers with the tensors they read, in the same order
    account: Account
    warnings: tuple[str, ...]  # notes for the reader, one sentence each

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
            "macs": sum(r.macs for r in self.rows),
            "macs_dynamic": sum(r.macs for r in self.rows if r.dynamic),
            "weights": sum(r.n_weights for r in weighted) - recurrent,
            "weights_recurrent": recurrent,
            **{fate.value: self.account.nodes(fate) for fate in Fate},
        }
