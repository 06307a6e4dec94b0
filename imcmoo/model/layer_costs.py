"""What a cost model may tell of where energy, area and time go, and of how near limits are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats
from imcmoo.space.design_space import Levels


class LayerCosts(Protocol):
    """Costs of n designs, layer by layer."""

    @property
    def layers(self) -> Sequence[tuple[str, str]]:
        """Network and name of each of the L layers."""

    @property
    def components(self) -> Sequence[str]:
        """Names of the K components."""

    @property
    def energy_J(self) -> Floats:
        """Shape (n, L, K)."""

    @property
    def area_m2(self) -> Floats:
        """Shape (n, K)."""


@runtime_checkable
class BreaksDown(Protocol):
    """Tells where energy and area go."""

    def breakdown(self, levels: Levels) -> LayerCosts:
        """Energy by layer and component and area by component of a few designs."""


@runtime_checkable
class TimesLayers(Protocol):
    """Layer costs that tell time, too."""

    @property
    def latency_s(self) -> Floats:
        """Shape (n, L); of the layers of a network that take turns the sum is its latency."""


@runtime_checkable
class UsesCells(Protocol):
    """Layer costs that tell how much of the chip a layer uses."""

    @property
    def utilization(self) -> Floats:
        """Share of the cells kept busy, shape (n, L)."""


@runtime_checkable
class BindsLayers(Protocol):
    """Layer costs that tell what each layer waits for."""

    @property
    def causes(self) -> Sequence[str]:
        """Names of what may bind."""

    @property
    def bound_by(self) -> NDArray[np.int64]:
        """Index into `causes`, shape (n, L); without meaning where a layer does not run."""


@runtime_checkable
class TellsOfRuns(Protocol):
    """Knows more of how networks run than what designs are compared by."""

    def of_runs(self, levels: Levels) -> Mapping[str, NDArray[Any]]:
        """Figures of a few designs by name, unit included, shape (n, W) each.

        Two names have a meaning of their own: `utilization` (share of the cells) and `bound_by` (a
        word for what decides the latency).
        """


@runtime_checkable
class TellsSlack(Protocol):
    """Knows how near networks are to the end of a resource, not only what is missing beyond it."""

    def used(self, levels: Levels) -> Mapping[str, Floats]:
        """Share of a resource that each network uses, by name of the resource, shape (n, W).

        Above 1 exactly where something is missing. Resources a model cannot tell are left out.
        """
