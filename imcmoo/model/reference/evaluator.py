"""Evaluator of the reference model: designs in, energy, latency, area and shortfalls out.

The sizes of a chip decide mapping, loop orders and counts, which are computed once per chip and
stored as a profile; voltage and cycle time only decide prices. Evaluating a design is then a
look-up and an inner product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import check_choice
from imcmoo.io.executor import spread
from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.cost_model import CostModel, Deployment
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Resource
from imcmoo.model.reference.breakdown import Breakdown, break_down, printed_energy
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.mapping import distinct, row_keys
from imcmoo.model.reference.profiles import LayerRuns, Profiles
from imcmoo.networks.workloads import BITS, Workload, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

CYCLE_TIMES_S = (1e-9, 10e-9)
"""Cycle times of the paper's spaces; the model does not tell which others a circuit reaches."""

CASES_AT_ONCE = 1 << 18
"""Layers on chips profiled at once; bounds memory to some 50 MB."""

MOST_LOOKED_AT = 1 << 20
"""Number of chips of a space up to which the capacities of all are computed and cached."""

MOST_PREPARED = 1 << 24
"""Chips × networks up to which the chips of a space are mapped in advance."""

LOOKED_AT_ONCE = 1 << 14
"""Chips whose capacities are computed at once."""

DENSE = 1 << 28
"""Number of profiles of a space up to which they are indexed by a dense array."""


class ProfileCache:
    """Profiles of networks on chips, computed on demand.

    A network has a profile on chips without a certain shortfall of cells (see
    `ChipModel.lacking_cells`). Networks of equal layers share profiles.
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

    def look_up(self, levels: Levels, names: Sequence[str]) -> tuple[Profiles, Ints]:
        """Profiles, and the index of that of each design and network, shape (n, W).

        Args:
            levels: n designs; new ones are profiled.
            names: names of W of the networks.
        """
        networks = np.array([self._column[name] for name in names])

        def work_out(at: Ints) -> Arrays:
            row, column = np.divmod(at, len(networks))
            return self._profile(levels[row], networks[column])

        keys = self._chip_keys(levels)[:, None] * len(self._chips.workloads) + networks
        profiles, place = self._cache.look_up(keys.ravel(), work_out)
        return Profiles(*profiles), place.reshape(keys.shape)

    def _chip_keys(self, levels: Levels) -> Ints:
        """Number of the mapping key of each design, shape (n,)."""
        if self._is_dense:
            return self._chips.mapping_key(levels)
        columns = [self._chips.space.names.index(name) for name in self._chips.mapping_parameters]
        return row_keys(levels[:, columns])

    def _profile(self, levels: Levels, network: Ints) -> Profiles:
        """Profiles of networks, each on one of distinct chips."""
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
        """Runs of layers on chips; chips that map all layers alike are run once."""
        levels = self._chips.with_fewest_bits(levels)
        alike, first = distinct(self._chips.mapping_key(levels))
        wanted_of_first = np.zeros((len(first), wanted.shape[1]), dtype=bool)
        np.logical_or.at(wanted_of_first, alike, wanted)
        runs = self._chips.run(levels[first], wanted_of_first)
        return runs if len(first) == len(levels) else runs.take(alike)


def _profiled(network: Workload) -> tuple[object, ...]:
    """All data of a network that its profiles depend on."""
    arrays = network.shapes, network.input_bits, network.weight_bits
    return *(array.tobytes() for array in arrays), *map(bool, network.shared_with)


class Capacities:
    """Area (m²), cells and buffer bits of chips, (n,), and certain shortfalls of cells, (n, W).

    `shared` holds those of more networks, and is used instead.
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

    def look_up(self, levels: Levels) -> Arrays:
        """Capacities of designs."""
        if self._shared is not None:
            *chip, lacking = self._shared.look_up(levels)
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

DESIGNS_PER_THREAD_CHUNK = 256 * 48
"""Designs per thread at once: whole mapping keys of an enumeration (48 points each)."""


class Evaluator(CostModel):
    """The reference cost model, vectorised over designs.

    Args:
        space: design space of one device.
        workloads: the networks.
        table: component table. If None, the shipped one.
        deployment: "alone" if a chip holds one network at a time, "together" for all at once.
        shared: evaluator of more networks, whose profiles are shared. If None, profiles are new.

    Raises:
        ValueError: the space lacks a parameter, the table lacks a component, the deployment is
            unknown, or a network has a cache.
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
        for network in workloads.workloads:
            if network.has_cache:
                raise ValueError(
                    f"{network.name} has a cache, which the reference model does not cost: use the "
                    'physical model, model = "physical"'
                )
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

    def check_design(self, design: Mapping[str, Any]) -> None:
        """Check that the component table has all components of a design.

        Raises:
            ValueError: it lacks one, the cycle time is outside `CYCLE_TIMES_S`, or the design lacks
                a parameter.
        """
        shortest, longest = CYCLE_TIMES_S
        if not shortest <= design["cycle_s"] <= longest:
            raise ValueError(f"cycle_s: must be from {shortest:g} to {longest:g} s")
        ChipModel(DesignSpace("design", (), fixed=design), self.workloads, self.table)

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of component table, networks and deployment."""
        digest = hashlib.sha256(f"{self.table.fingerprint} {self.deployment}".encode())
        digest.update(self.workloads.fingerprint.encode())
        return digest.hexdigest()

    def for_network(self, name: str) -> Evaluator:
        """An evaluator of a single network that shares profiles.

        Raises:
            ValueError: there is no such network.
        """
        return Evaluator(self.space, self.workloads.only(name), self.table, shared=self)

    def time_multiplexed(self) -> Evaluator:
        """Evaluator of chips that hold one network at a time."""
        if self.deployment == "alone":
            return self
        return Evaluator(self.space, self.workloads, self.table, shared=self)

    def screen(self, levels: Levels) -> Metrics:
        """Area and lower bounds of capacity shortfalls, without mapping.

        A chip that passes may still lack cells or buffer bits; see `resources`.

        Args:
            levels: shape (n, n_parameters).
        """
        area, cells, buffer_bits, lacking = self._capacities.look_up(levels)
        return Metrics(
            {"area": area},
            {
                "cells": Resource(cells, lacking),
                "buffer_bits": Resource(buffer_bits, np.zeros_like(lacking)),
            },
        )

    def prepare(self, area_limit_m2: float, at_most: int) -> None:
        """Map all chips within a limit on which a network may fit, faster than in small batches.

        Args:
            area_limit_m2: largest area at the lowest voltage and cycle time, m².
            at_most: do nothing if there are more chips than this.
        """
        n = self.space.size_of(self.mapping_parameters)
        if n > MOST_LOOKED_AT or n * len(self.workload_names) > MOST_PREPARED:
            return
        chips = self.space.grid(self.mapping_parameters)
        quick = self.screen(chips)
        fits = (quick.area_m2 <= area_limit_m2) & quick.runs.any(axis=1)
        if fits.sum() <= at_most:
            self.profiles.look_up(chips[fits], self.workload_names)

    def resources(self, levels: Levels) -> Metrics:
        """Area, capacity and exact shortfalls, without energies.

        Args:
            levels: shape (n, n_parameters).
        """
        return self._resources(levels, *self.profiles.look_up(levels, self.workload_names))

    def evaluate(self, levels: Levels, rounding: Rounding = "none") -> Metrics:
        """Evaluate designs.

        Args:
            levels: shape (n, n_parameters).
            rounding: "reference" rounds the energy of each component per layer as the reference
                stack prints it; slow, for comparison with its records.

        Returns:
            `energy`, `latency` and `utilization` (highest array utilization of a layer), shape (n,
            W), NaN where a network does not run, and `area`, (n,); resources `cells` and
            `buffer_bits`.

        Raises:
            ValueError: a value index is outside the space, or the rounding is unknown.
        """
        check_choice("rounding", rounding, get_args(Rounding))
        self.space.validate(levels)
        profiles, place = self.profiles.look_up(levels, self.workload_names)
        starts = range(0, max(len(levels), 1), DESIGNS_PER_THREAD_CHUNK)
        parts = [slice(at, at + DESIGNS_PER_THREAD_CHUNK) for at in starts]
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
        """Energy by layer and component, and area by component, of a few designs.

        Args:
            levels: shape (n, n_parameters); memory grows with n · layers · components.
            rounding: see `evaluate`.

        Raises:
            ValueError: a value index is outside the space, or the rounding is unknown.
        """
        check_choice("rounding", rounding, get_args(Rounding))
        self.space.validate(levels)
        return break_down(self.chips, levels, printed=rounding == "reference")

    def resource_use(self, levels: Levels) -> dict[str, Floats]:
        """Share of the cells that each network needs, shape (n, W); empty if weights are streamed.

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
        """Metrics of designs; `place` is the index of the profile on each network, shape (n, W)."""
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
    """Create the reference cost model from the settings of a study.

    Args:
        space: design space with the parameters of `ChipModel`; `device` must be fixed.
        workloads: the networks.
        deployment: "alone" if a chip holds one network at a time, "together" for all at once.
        components: path of a component table. If None, the shipped one.
        precision: input and weight bits by network; only 8 is supported.
        objectives: further objectives; there are none.

    Raises:
        ValueError: the space lacks a parameter or varies `device`, the table lacks a component, or
            a precision or objective is not supported.
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
