"""Settings of the physical model: how operands are stored, and how networks share a chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from imcmoo.io.errors import check_choice
from imcmoo.model.cost_model import Deployment
from imcmoo.networks.workloads import BITS, Workload

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PRECISION = ("input_bits", "weight_bits")
PER_NETWORK = (*PRECISION, "weight_clip", "kv_bits")
"""Settings of `Operands` that may have a value for each network."""


@dataclass(frozen=True)
class Precision:
    """Precision of the inputs and weights of a network, see `Circuit`."""

    input_bits: int = BITS
    weight_bits: int = BITS
    weight_clip: float = 1.0

    @property
    def bits(self) -> tuple[int, int]:
        """Precision of inputs and weights."""
        return self.input_bits, self.weight_bits


@dataclass(frozen=True)
class Operands:
    """Storage of the operands of networks; bits and clips are one number or one per network.

    Args:
        input_bits: precision of inputs, 4 to 8. If None, 8.
        weight_bits: precision of weights, 4 to 8. If None, 8.
        weight_clip: largest stored weight as a share of the largest of its layer; execution uses
            that of its channel. If None, 1.
        layers_digital: layers on the digital unit, by network; their weights are in the global
            buffer. If None, none.
        kv_bits: precision of cached keys and values; 4, 8 or 16. If None, 8.
        weights_of: owner of the weights of a network, by name, if it is another network. If None,
            each network has its own weights.
    """

    input_bits: int | Sequence[int] | None = None
    weight_bits: int | Sequence[int] | None = None
    weight_clip: float | Sequence[float] | None = None
    layers_digital: Mapping[str, Sequence[str]] | None = None
    kv_bits: int | Sequence[int] | None = None
    weights_of: Mapping[str, str] | None = None

    def of_network(self, at: int) -> Operands:
        """Operands of one of the networks, by its index."""
        given = {name: getattr(self, name) for name in PER_NETWORK}
        several = {n: v for n, v in given.items() if not isinstance(v, int | float | None)}
        return replace(self, **{name: values[at] for name, values in several.items()})

    def precision(self, at: int) -> Precision:
        """Precision of one of the networks, by its index."""
        given = stated(self.of_network(at))
        return Precision(**{f.name: given[f.name] for f in fields(Precision) if f.name in given})

    def digital(self, network: str) -> Sequence[str]:
        """Layers of a network on the digital unit."""
        return (self.layers_digital or {}).get(network, ())

    @property
    def equally_precise(self) -> bool:
        """True if all networks have the same precision."""
        bits = (getattr(self, name) for name in PRECISION)
        return all(isinstance(each, int | None) or len(set(each)) == 1 for each in bits)


@dataclass(frozen=True)
class ChipSharing:
    """Rules by which networks share a chip.

    Args:
        deployment: "alone" if a chip holds one network at a time and is rewritten at a switch,
            "together" if it holds all.
        requests_per_switch: images over which a switch is charged; infinite for no charge.
        joined: further networks that share weights and cache with the only evaluated one; they are
            not evaluated. An owner comes first.
        interleaved: True if requests of other networks may come between two inferences. A network
            with the weights of another then pays for loading them.
        common_cache: True if the caches of all networks stay in the buffer. If None, with
            deployment "together" and if `interleaved`.

    Raises:
        ValueError: a value is not allowed.
    """

    deployment: Deployment = "alone"
    requests_per_switch: float = 1e6
    joined: tuple[Workload, ...] = ()
    interleaved: bool = False
    common_cache: bool | None = None

    def __post_init__(self) -> None:
        check_choice("deployment", self.deployment, get_args(Deployment))
        if not self.requests_per_switch >= 1:
            raise ValueError(
                f"requests_per_switch must be at least 1, got {self.requests_per_switch}"
            )

    @property
    def co_resident(self) -> bool:
        """True if all networks are on the chip."""
        return self.deployment == "together"

    @property
    def inferences_per_switch(self) -> float:
        """Images over which a network switch is charged; infinite for none."""
        return np.inf if self.co_resident else self.requests_per_switch

    @property
    def keeps_caches(self) -> bool:
        """True if caches stay in the buffer while other networks run."""
        if self.common_cache is None:
            return self.co_resident or self.interleaved
        return self.common_cache


def stated(settings: DataclassInstance) -> dict[str, Any]:
    """Settings that differ from their default, by name."""
    given = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {f.name: given[f.name] for f in fields(settings) if given[f.name] != f.default}
