"""The evaluator: designs in, energy, latency, area and what does not fit out.

Fast because of what depends on what: a chip's sizes decide mapping, loop orders and counts, which
are worked out once per chip and kept as a profile; voltage and cycle time only decide prices.
Evaluating a design is then a look-up and an inner product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import check_choice
from imcmoo.io.executor import spread
from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.cost_model import CostModel, Deployment
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Bools, Floats, Ints, Metrics, Resource
from imcmoo.model.reference.breakdown import Breakdown, break_down, printed_energy
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.mapping import distinct, row_keys
from imcmoo.model.reference.profiles import LayerRuns, Profiles
from imcmoo.networks.workloads import BITS, Workload, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

CASES_AT_ONCE = 1 << 18
"""Layers on chips profiled at once; bounds memory to some 50 MB."""

MOST_LOOKED_AT = 1 << 20
"""Chips of a space up to which all are looked at, without being profiled, and remembered."""

MOST_PREPARED = 1 << 24
"""Chips × networks up to which the chips of a space are mapped in advance."""

LOOKED_AT_ONCE = 1 << 14
"""Chips whose capacities are worked out at once."""

DENSE = 1 << 28
"""Profiles of a space up to which an array has an entry for each, most of them never touched."""


class ProfileCache:
    """Profiles of networks on the chips of a space, worked out when first asked for.

    A network has a profile on the chips it does not surely lack cells on (see
    `ChipModel.lacking_cells`); elsewhere it is meaningless. Networks of equal layers share theirs.
    """

    def __init__(self, chips: ChipModel) -> None:
        self._chips = chips
        n = chips.space.size_of(chips.mapping_parameters) * len(chips.workloads)
        widest = max(len(chips.workloads.shapes), len(chips.workloads))
        step = max(1, CASES_AT_ONCE // widest) * len(chips.workloads)
        self._is_dense = n <= DENSE
        self._cache = KeyedCache(np.inf, rows_at_once=step, n_keys=n if self._is_dense else None)
        first: dict[tuple[object, ...], int] = {}
        self._column = {
            network.name: first.setdefault(_profiled(network), at)
            for at, network in enumerate(chips.workloads.workloads)
        }

    def of(self, levels: Levels, names: Sequence[str]) -> tuple[Profiles, Ints]:
        """Profiles, and which of them is that of each design and network, shape (n, W).

        Args:
            levels: of n designs; what is new is profiled.
            names: of W of the networks.
        """
        networks = np.array([self._column[name] for name in names])

        def work_out(at: Ints) -> Arrays:
            row, column = np.divmod(at, len(networks))
            return self._profile(levels[row], networks[column])

        keys = self._chip_keys(levels)[:, None] * len(self._chips.workloads) + networks
        profiles, place = self._cache.of(keys.ravel(), work_out)
        return Profiles(*profiles), place.reshape(keys.shape)

    def _chip_keys(self, levels: Levels) -> Ints:
        """A number for the mapping key of each design, shape (n,)."""
        if self._is_dense:
            return self._chips.mapping_key(levels)
        columns = [self._chips.space.names.index(name) for name in self._chips.mapping_parameters]
        return row_keys(levels[:, columns])

    def _profile(self, levels: Levels, network: Ints) -> Profiles:
        """Profiles of a network on a chip each, all different."""
        chip, first = distinct(self._chips.mapping_key(levels))
        levels = levels[first]
        new = np.zeros((len(levels), len(self._chips.workloads)), dtype=bool)
        new[chip, network] = True
        chips, profiler = self._chips.sizes(levels), self._chips.profiler
        runs = self._runs(levels, profiler.uses(new & (self._chips.lacking_cells(chips) == 0)))
        profiles = Profiles(
            np.empty((len(network), len(profiler.features))), *np.empty((4, len(network)))
        )
        for at in np.unique(network):
            rows = np.flatnonzero(network == at)
            of_network = profiler.summarise(runs, chips.cell_bits, at)
            for array, values in zip(profiles, of_network, strict=True):
                array[rows] = values[chip[rows]]
        return profiles

    def _runs(self, levels: Levels, wanted: Bools) -> LayerRuns:
        """Runs of layers on chips, of which those that map all layers alike are run once."""
        levels = self._chips.with_fewest_bits(levels)
        alike, first = distinct(self._chips.mapping_key(levels))
        wanted_of_first = np.zeros((len(first), wanted.shape[1]), dtype=bool)
        np.logical_or.at(wanted_of_first, alike, wanted)
        runs = self._chips.run(levels[first], wanted_of_first)
        return runs if len(first) == len(levels) else runs.take(alike)


def _profiled(network: Workload) -> tuple[object, ...]:
    """Everything of a network that its profiles depend on."""
    arrays = network.shapes, network.input_bits, network.weight_bits
    return *(array.tobytes() for array in arrays), *map(bool, network.shared_with)


class Capacities:
    """Area (m²), cells and buffer bits of chips, (n,), and cells each network surely lacks, (n, W).

    `shared` has those of more networks, each alone, and is used instead.
    """

    def __init__(
        self, chips: ChipModel, deployment: Deployment, shared: Capacities | None = None
    ) -> None:
        self._chips = chips
        self._deployment: Deployment = deployment
        self._shared = shared
        needed = {*chips.screened_by, "glb_depth"}
        self._names = [name for name in chips.space.names if name in needed]
        n = chips.space.size_of(self._names)
        self._cache = (
            KeyedCache(rows_at_once=LOOKED_AT_ONCE, n_keys=n) if n <= MOST_LOOKED_AT else None
        )

    def of(self, levels: Levels) -> Arrays:
        """Capacities of designs."""
        if self._shared is not None:
            *chip, lacking = self._shared.of(levels)
            names = self._shared._chips.workloads.names
            return *chip, lacking[:, [names.index(n) for n in self._chips.workloads.names]]
        if self._cache is None:
            return self._of(levels)
        rows = self._chips.space.rank(levels, self._names)
        return self._cache.rows(rows, lambda at: self._of(levels[at]))

    def _of(self, levels: Levels) -> Arrays:
        chips = self._chips.sizes(levels)
        return (
            self._chips.areas(levels).sum(axis=1),
            chips.cells,
            self._chips.buffer_bits(levels),
            self._chips.lacking_cells(chips, self._deployment),
        )


Rounding = Literal["none", "reference"]

CHUNK_DESIGNS = 256 * 48
"""Designs one thread evaluates at once: whole mapping keys of an enumeration (48 points each)."""


class Evaluator(CostModel):
    """The paper's cost model of many designs at once.

    Args:
        space: the designs, of one device; level matrices of it go in.
        workloads: the networks.
        table: component costs; the shipped table by default.
        deployment: "alone" if a chip need hold one network at a time, "together" for all at once.
        shared: an evaluator of a larger set of networks, whose profiles are used and added to.

    Raises:
        ValueError: the space lacks a parameter, or the table a component that a design needs, or
            there is no such deployment.
    """

    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ("cells", "buffer_bits")

    def __init__(
        self,
        space: DesignSpace,
        workloads: WorkloadSet,
        table: ComponentTable | None = None,
        *,
        deployment: Deployment = "alone",
        shared: Evaluator | None = None,
    ) -> None:
        check_choice("deployment", deployment, get_args(Deployment))
        super().__init__(space, workloads)
        self.workloads = workloads
        self.macs = workloads.macs
        self.deployment = deployment
        self.table = table or ComponentTable.load()
        self.chips = ChipModel(space, workloads, self.table)
        self.profiles: ProfileCache = shared.profiles if shared else ProfileCache(self.chips)
        alike = shared is not None and deployment == shared.deployment == "alone"
        self._capacities: Capacities = Capacities(
            self.chips, deployment, shared._capacities if shared and alike else None
        )
        self.mapping_parameters = self.chips.mapping_parameters
        self.screened_by = self.chips.screened_by

    def __reduce__(self) -> Any:
        # Without caches: they take hundreds of megabytes and are quickly rebuilt.
        rebuilt = partial(Evaluator, deployment=self.deployment)
        return rebuilt, (self.space, self.workloads, self.table)

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of the component table, the networks and the deployment."""
        digest = hashlib.sha256(f"{self.table.fingerprint} {self.deployment}".encode())
        digest.update(self.workloads.fingerprint.encode())
        return digest.hexdigest()

    def for_network(self, name: str) -> Evaluator:
        """An evaluator of one of the networks alone; both remember what either has profiled.

        Raises:
            ValueError: no such network here.
        """
        return Evaluator(self.space, self.workloads.only(name), self.table, shared=self)

    def time_multiplexed(self) -> Evaluator:
        """The evaluator of chips that need hold one network at a time."""
        if self.deployment == "alone":
            return self
        return Evaluator(self.space, self.workloads, self.table, shared=self)

    def screen(self, levels: Levels) -> Metrics:
        """Area and lower bounds of capacity shortfalls, without mapping anything.

        A chip that passes may still lack cells for one awkward layer or buffer bits for its loop
        orders; `resources` knows.

        Args:
            levels: shape (n, n_parameters).
        """
        area, cells, buffer_bits, lacking = self._capacities.of(levels)
        return Metrics(
            {"area": area},
            {
                "cells": Resource(cells, lacking),
                "buffer_bits": Resource(buffer_bits, np.zeros_like(lacking)),
            },
        )

    def prepare(self, area_limit_m2: float, at_most: int) -> None:
        """Map all chips within a limit that some network may fit, unless they are too many.

        In one go it takes half the time that it takes by the handful.

        Args:
            area_limit_m2: largest area at the lowest voltage and cycle time.
            at_most: number of chips above which nothing is done.
        """
        n = self.space.size_of(self.mapping_parameters)
        if n > MOST_LOOKED_AT or n * len(self.workload_names) > MOST_PREPARED:
            return
        chips = self.space.grid(self.mapping_parameters)
        quick = self.screen(chips)
        fits = (quick.area_m2 <= area_limit_m2) & quick.runs.any(axis=1)
        if fits.sum() <= at_most:
            self.profiles.of(chips[fits], self.workload_names)

    def resources(self, levels: Levels) -> Metrics:
        """Area, capacity, and what mapping finds missing; no energies.

        Args:
            levels: shape (n, n_parameters).
        """
        return self._resources(levels, *self.profiles.of(levels, self.workload_names))

    def evaluate(self, levels: Levels, rounding: Rounding = "none") -> Metrics:
        """All metrics of many designs.

        Args:
            levels: shape (n, n_parameters).
            rounding: "reference" rounds each component's energy per layer as the reference stack
                prints it; slow, for comparison with its records.

        Returns:
            `energy`, `latency` and `utilization` (highest share of the cells that a layer keeps
            busy), shape (n, W), NaN where a network does not run, and `area`, (n,); resources
            `cells` and `buffer_bits`.

        Raises:
            ValueError: levels outside the space, or no such rounding.
        """
        check_choice("rounding", rounding, get_args(Rounding))
        self.space.validate(levels)
        profiles, place = self.profiles.of(levels, self.workload_names)
        starts = range(0, max(len(levels), 1), CHUNK_DESIGNS)
        parts = [slice(at, at + CHUNK_DESIGNS) for at in starts]
        if len(parts) == 1:
            metrics = self._metrics(levels, profiles, place)
        else:
            metrics = Metrics.joined(
                spread(lambda p: self._metrics(levels[p], profiles, place[p]), parts)
            )
        if rounding == "reference":
            printed = printed_energy(self.chips, levels) * np.where(metrics.runs, 1.0, np.nan)
            metrics = replace(metrics, values={**metrics.values, "energy": printed})
        return metrics

    def breakdown(self, levels: Levels, rounding: Rounding = "none") -> Breakdown:
        """Energy by layer and component and area by component of a few designs.

        Args:
            levels: shape (n, n_parameters); memory grows with n · layers · components.
            rounding: as in `evaluate`.

        Raises:
            ValueError: levels outside the space, or no such rounding.
        """
        check_choice("rounding", rounding, get_args(Rounding))
        self.space.validate(levels)
        return break_down(self.chips, levels, printed=rounding == "reference")

    def resource_use(self, levels: Levels) -> dict[str, Floats]:
        """Share of the cells each network needs to be resident, shape (n, W); none if streamed.

        Args:
            levels: shape (n, n_parameters).
        """
        chips = self.chips.sizes(levels)
        if chips.streams_weights:
            return {}
        cells = chips.cells[:, None]
        claimed = self.chips.claimed_cells(chips, self.deployment)
        # Mapping may fail although there are enough cells.
        missing = self.resources(levels).resources["cells"].missing
        return {"cells": np.where(missing > 0, cells + missing, claimed) / cells}

    def _metrics(self, levels: Levels, profiles: Profiles, place: Ints) -> Metrics:
        """Metrics of designs; `place` is the profile of each on each network, shape (n, W)."""
        resources = self._resources(levels, profiles, place)
        runs = resources.runs
        runnable = np.asarray(runs.any(axis=1))
        if not runnable.all():
            place, levels, runs = place[runnable], levels[runnable], runs[runnable]
        prices = self.chips.feature_prices(levels)
        metrics = {
            "energy": _energy(profiles.features, place, prices),
            "latency": profiles.cycles[place] * self.chips.cycle(levels)[:, None],
            "utilization": profiles.utilization[place],
        }
        for name, values in metrics.items():
            shown = np.where(runs, values, np.nan)
            if not runnable.all():
                metrics[name] = np.full((len(runnable), values.shape[1]), np.nan)
                metrics[name][runnable] = shown
            else:
                metrics[name] = shown
        return replace(resources, values={**metrics, **resources.values})

    def _resources(self, levels: Levels, profiles: Profiles, place: Ints) -> Metrics:
        quick = self.screen(levels)
        cells, buffer_bits = (quick.resources[name] for name in self.resource_names)
        # Where a network surely lacks cells it was mapped in part, or for another network, or not.
        mapped = cells.missing == 0
        unplaced = np.where(mapped, profiles.unplaced_cells[place], cells.missing)
        bits = np.where(mapped, profiles.missing_bits[place], 0.0)
        return replace(
            quick,
            resources={
                "cells": replace(cells, missing=unplaced),
                "buffer_bits": replace(buffer_bits, missing=bits),
            },
        )


def _energy(features: Floats, place: Ints, prices: Floats) -> Floats:
    """Energy of one inference in J, shape (n, W)."""
    first = np.flatnonzero(np.diff(place, axis=0, prepend=-1).any(axis=1))
    repeats = len(place) // max(len(first), 1)
    if repeats < 2 or not np.array_equal(first, np.arange(0, len(place), repeats)):
        return np.asarray(np.einsum("nwf,nf->nw", features[place], prices))
    # Enumeration evaluates all points of a profile in a row, so it is read once.
    points = prices.reshape(len(first), repeats, -1)
    by_network = [
        np.einsum("kf,kpf->kp", features[of_network], points).ravel()
        for of_network in place[first].T
    ]
    return np.stack(by_network, axis=1)


def reference_model(
    space: DesignSpace,
    workloads: WorkloadSet,
    *,
    deployment: Deployment = "alone",
    components: str | None = None,
    precision: Mapping[str, tuple[int, int]] | None = None,
    objectives: Sequence[str] = (),
) -> Evaluator:
    """The reference model of a study.

    Args:
        space: needs the parameters of `ChipModel`, searched or fixed; `device` must be fixed.
        workloads: the networks.
        deployment: whether resident weights share a chip "alone" or "together" with the others'.
        components: path of the user's component table; the shipped table by default.
        precision: bits of inputs and of weights by network; the model supports 8 only.
        objectives: objectives beside energy, latency and area; the model has none.

    Raises:
        ValueError: the space lacks a parameter or searches over `device`, the table lacks a
            component, or a precision other than 8 bits or a further objective is requested.
    """
    if objectives:
        raise ValueError(
            f"the reference model gives energy, latency and area, not {', '.join(objectives)}"
        )
    for name, bits in (precision or {}).items():
        if bits != (BITS, BITS):
            raise ValueError(
                f"the reference model knows inputs and weights of {BITS} bits only; {name} has "
                f"input_bits {bits[0]} and weight_bits {bits[1]}"
            )
    return Evaluator(space, workloads, ComponentTable.load(components), deployment=deployment)
