"""The physical cost model, for value indices of a design space or for design columns.

Weight capacity, buffer bits, ADC SQNR, conductance-level margin and IR drop are constraints;
compute SNR on SRAM or if a study limits it, accuracy drop if a study limits it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import fields, replace
from functools import cached_property
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.arrays import Bools, Floats, Ints, Values
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import Conflict
from imcmoo.io.executor import spread
from imcmoo.model.cost_model import CostModel, Deployment
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Quantity
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.batch import (
    Batch,
    PhysicalMetrics,
    best_run,
    evaluate_batch,
    of_one_schedule,
    saving,
)
from imcmoo.model.physical.bounds.bounded_tree import BoundedTree
from imcmoo.model.physical.breakdown import PhysicalBreakdown, break_down
from imcmoo.model.physical.components import require_coverage
from imcmoo.model.physical.constraints import (
    MOST_DB,
    CircuitLimits,
    PhysicalResources,
    constraints,
    limit_use,
)
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import ImageCosts
from imcmoo.model.physical.layers import FEWEST_BITS
from imcmoo.model.physical.mapping import place
from imcmoo.model.physical.mapping_features import needed_macros
from imcmoo.model.physical.parameters import (
    COLUMNS,
    DEFAULTS,
    DRAM,
    MAPPING_KEY,
    SPACE_VOLTAGES,
    DesignRefused,
    Designs,
    checked_column,
    defaults_of,
    refuse,
    require_columns,
)
from imcmoo.model.physical.predicted_accuracy import MeasuredNetworks
from imcmoo.model.physical.settings import PRECISION, ChipSharing, Operands, stated
from imcmoo.model.physical.shares import evaluate_shares, shared_batches
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.operands import generic_operands
from imcmoo.networks.work_shares import WorkShares
from imcmoo.networks.workloads import BITS, Workload, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

ON_REQUEST = {
    q.name: q
    for q in (
        Quantity("interval", "s", bound=1e6),
        Quantity("power", "W", bound=1e6),
        Quantity("snr", "dB", sense="max", scale="interval", bound=1e3),
        Quantity("accuracy_drop", "", scale="interval", bound=1e3),
        Quantity("package", "m2", per_workload=False, bound=1e6),
        Quantity("silicon", "m2", per_workload=False, bound=1e6),
    )
}
"""Optional objectives: initiation interval, power on the chip, compute SNR, predicted accuracy drop
of networks with accuracy data, and area of the chip with the packages or the dies of its DRAM.
"""


def requested(objectives: Sequence[str]) -> list[Quantity]:
    """Quantities by name.

    Raises:
        ValueError: a name is unknown or repeated.
    """
    for name in objectives:
        if name not in ON_REQUEST or objectives.count(name) > 1:
            raise ValueError(
                f"objectives of the physical model, beside energy, latency and area, can be "
                f"{', '.join(ON_REQUEST)}, each once; got {', '.join(objectives)}"
            )
    return [ON_REQUEST[name] for name in objectives]


OWN_DATA, RECORDED, GENERIC_OPERANDS = "own data", "recorded operands", "generic operands"
"""Sources of SNR: measured columns; an assumed distribution with the recorded operands of the
network, or with those of other networks.
"""

DESIGNS_PER_THREAD_CHUNK = 4096
"""Designs per thread at once; bounds memory, and small arrays fit the cache."""
CHUNK_NUMBERS = 1 << 19
"""Designs × distinct layers per thread at once."""
HIGHEST_BITS_PER_CELL = 4

Columns = Mapping[str, ArrayLike] | Designs
"""Design columns: arrays of shape (n,) by the names of `Designs`, or checked ones."""

COMBINED = (
    *("rows", "cols", "active_rows", "columns_per_adc", "tree_stages"),
    *("macros_per_tile", "buffer_words"),
)
"""Columns of which some combinations are refused."""

_UNSCREENED = {"link_bits", "schedule"}
OF_DIGEST = ("deployment", "table", "circuit_noise", "own_noise", "noise_of", "joined")
"""Settings left out of the digest: code and results, or data that it states by itself."""


class PhysicalEvaluator(CostModel):
    """The physical cost model: costs of chips of one device on some networks.

        model = PhysicalEvaluator("sram", WorkloadSet.load(["resnet18"]))
        model.in_full(columns).energy_J

    `evaluate` and the other methods of a `CostModel` take value indices of the space. `in_full`,
    `breakdown` and `covered` also take design columns; if you need no more, pass the name of a
    device as the space.

    Args:
        space: design space of one device; parameters and fixed values are the columns of
            `imcmoo.model.physical.parameters.Designs`, and `device`. Or the name of a device.
        workloads: the networks; products of two activations run on the digital unit.
        operands: how operands of the networks are stored. If None, by the defaults of `Operands`.
        sharing: how the networks share a chip. If None, by the defaults of `ChipSharing`.
        measured: accuracy data of networks. If None, there are none.
        objectives: further objectives, names in `ON_REQUEST`.
        saves_between_layers: True if `evaluate` gives values for interrupts between layers, which
            save activations.
        options: further arguments of `Context.of_networks`, such as `table` and `limits`.

    Raises:
        ValueError: the space lacks a column or has a value that table or model do not cover, or an
            objective is unknown.
    """

    resource_names: tuple[str, ...] = ()
    macs: Floats
    # A chip without DRAM would get its inputs for free.
    ordered_texts = MappingProxyType({"dram": tuple(name for name in DRAM if name != "none")})

    def __init__(
        self,
        space: DesignSpace | str,
        workloads: WorkloadSet,
        *,
        operands: Operands | None = None,
        sharing: ChipSharing | None = None,
        measured: MeasuredNetworks | None = None,
        objectives: Sequence[str] = (),
        saves_between_layers: bool = False,
        **options: Any,
    ) -> None:
        self.quantities = (ENERGY, LATENCY, AREA, *requested(objectives))
        columns_only = isinstance(space, str)
        if isinstance(space, str):
            space = DesignSpace(space, (), fixed={"device": space})
        if "device" not in space.fixed:
            raise ValueError(f"space {space.name} must fix `device` for the physical model")
        super().__init__(space, workloads)
        self.workloads = workloads
        self._objectives = tuple(objectives)
        self._saves_between_layers = saves_between_layers
        self._on_parts: dict[str, PhysicalEvaluator] = {}
        self._among: tuple[PhysicalEvaluator, Sequence[int]] | None = None
        self._any_network_trees: dict[float, BoundedTree] = {}
        self._is_bounded = False
        # Derived models whose caches models with other assumptions share; None without these.
        self._shared_models: dict[tuple[str, Deployment], PhysicalEvaluator] | None = None
        self._operands, self._sharing = operands or Operands(), sharing or ChipSharing()
        self._measured = measured
        self._options = options
        self._context = Context.of_networks(
            workloads,
            device=space.fixed["device"],
            operands=self._operands,
            sharing=self._sharing,
            measured=measured,
            **options,
        )
        if self._context.device.exact and "snr" in objectives:
            raise ValueError(f"objective snr: sums of {self._context.device.name} are exact")
        self._limits = self._context.limits
        self.resource_names = ("cells", "buffer_bits", *self._limits.resources)
        self._accuracy = self._context.accuracy
        if self._accuracy is None and "accuracy_drop" in objectives:
            raise ValueError("objective accuracy_drop needs accuracy data of a network")
        if self._accuracy is not None and self._accuracy.limited:
            self.resource_names = (*self.resource_names, "accuracy")
        self._set_sources()
        layers = self._context.layers
        self.owners = tuple(layers.cells_of_network.tolist())
        self.macs = layers.total(layers.macs)
        self.mapping_parameters = tuple(n for n in space.names if n in MAPPING_KEY)
        # The link width affects no limit, the schedule only streamed weights.
        without = {"link_bits"} if self._context.device.streams else _UNSCREENED
        self.screened_by = tuple(n for n in space.names if n not in without)
        self._columns_only = columns_only
        self._check_values()

    def _set_sources(self) -> None:
        """Set what the SNR of each network rests on, and where its work is done."""
        data, networks = self._accuracy_data, self.workloads.workloads
        noisy = () if self._context.device.exact else networks
        own = data if self._has_own_noise else {}
        self.snr_sources = {w.name: _snr_source(w, own) for w in noisy}
        self.generic_operands = tuple(
            name for name, source in self.snr_sources.items() if source == GENERIC_OPERANDS
        )
        self.work_shares = {
            w.name: WorkShares.of_network(w, self._operands.digital(w.name), data.get(w.name))
            for w in networks
        }

    def _check_values(self) -> None:
        """Check each value of the space with all other parameters at their first value.

        Conditional parameters are checked with every value of the parameter they depend on, sizes
        of macros and their buffers in all combinations.
        """
        if self._columns_only:
            return
        self._check_noise_is_paid()
        names, sizes = self.space.names, self.space.shape
        rows = [np.zeros(len(names), dtype=np.int64)]
        for at, parameter in enumerate(self.space.parameters):
            first = rows[0]
            on = names.index(parameter.on.name) if isinstance(parameter, Conditional) else at
            for index, other in product(range(sizes[at]), range(sizes[on] if on != at else 1)):
                rows.append(first.copy())
                rows[-1][on] = other
                rows[-1][at] = index
        sizes_of_macros = [name for name in names if name in COMBINED]
        try:
            self.designs(self.space.grid(sizes_of_macros))
            self.covered(np.array(rows))
        except DesignRefused as refused:
            raise ValueError(f"space.{refused.column}: {refused.problem}") from None

    def _check_noise_is_paid(self) -> None:
        """Refuse several noises of ADCs whose energy does not depend on it."""
        space, models = self.space, {self._context.adc_model}
        if "adc_model" in (*space.names, *space.fixed):
            models = {*space.values_of("adc_model")}
        several = "adc_noise" in space.names and len({*space.values_of("adc_noise")}) > 1
        if several and models != {"sar_noise"}:
            raise Conflict(
                "space.adc_noise: more than one value needs adc_model = sar_noise only: with other "
                "models the least noise is free; give one, such as adc_noise = 10 beside adc_model"
            )

    @property
    def compute_snr_limit_dB(self) -> float:
        """Smallest allowed compute SNR, dB; minus infinity for none."""
        return self._limits.snr_dB

    @property
    def assumptions(self) -> Assumptions:
        """Numbers of the model that no component library gives."""
        return self._context.assumptions

    def with_assumptions(self, assumptions: Assumptions | None) -> PhysicalEvaluator:
        """The model with other assumptions, equal to a new one.

        Both share caches of mapping features, shortfalls and replications, and of noise unless an
        assumption that decides it differs. Use it to evaluate designs under many assumptions.

        Args:
            assumptions: numbers of the model. If None, their defaults.

        Raises:
            ValueError: the space has a value that the model does not cover.
        """
        if self._shared_models is None:
            self._shared_models = {}
        model = copy(self)
        vars(model).pop("_multiplexed", None)
        kept = {n: v for n, v in self._options.items() if n not in ("assumptions", "noise_of")}
        model._options = kept if assumptions is None else {**kept, "assumptions": assumptions}
        model._context = self._context.with_assumptions(assumptions or Assumptions())
        model._accuracy = model._context.accuracy
        model._on_parts, model._any_network_trees, model._among = {}, {}, None
        model._check_values()
        return model

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of component table, networks, deployment, options and limits."""
        settings = self._options | stated(self._operands) | stated(self._sharing)
        if self._measured is not None:
            settings |= stated(self._measured)
        options = [(n, v) for n, v in sorted(settings.items()) if n not in OF_DIGEST]
        table, deployment = self._context.table.fingerprint, self._sharing.deployment
        # Limits change no number of a feasible design, so they are stated.
        digest = hashlib.sha256(repr((table, deployment, options, self._limits)).encode())
        if self._has_own_noise:
            digest.update(repr(self.snr_sources).encode())
        if self._accuracy is not None:
            digest.update(repr(sorted(self._defaults.items())).encode())
        digest.update(self.workloads.fingerprint.encode())
        for other in self._sharing.joined:
            digest.update(WorkloadSet((other,)).fingerprint.encode())
        return digest.hexdigest()

    def for_network(self, name: str) -> PhysicalEvaluator:
        """The model of a single network.

        Raises:
            ValueError: there is no such network.
        """
        return self._of_one(name, "alone")

    def _of_one(self, name: str, deployment: Deployment) -> PhysicalEvaluator:
        """The model of a single network with a deployment."""
        if name not in self.workload_names:
            raise ValueError(f"no workload '{name}'; here are {', '.join(self.workload_names)}")
        at = self.workload_names.index(name)
        model = self._derived((name, deployment), lambda: self._new_single(at, deployment))
        common = self._context.common_cache
        alone = self._sharing.deployment == deployment == "alone"
        if alone and self._operands.equally_precise and not common:
            model._among = (self, [at])
        return model

    def _derived(
        self, key: tuple[str, Deployment], make: Callable[[], PhysicalEvaluator]
    ) -> PhysicalEvaluator:
        """A model by network and deployment, from that of other assumptions if there is one."""
        shared = self._shared_models
        if shared is None:
            return make()
        if key in shared:
            return shared[key].with_assumptions(self._options.get("assumptions"))
        shared[key] = make()
        return shared[key]

    def _new_single(self, at: int, deployment: Deployment) -> PhysicalEvaluator:
        """A new model of the network of an index."""
        one = WorkloadSet((self.workloads.workloads[at],))
        operands, joined = self._operands.of_network(at), self._sharing.joined
        if operands.weights_of is not None:
            operands, joined = self._joined_with(at, operands)
        sharing = replace(self._sharing, deployment=deployment, joined=joined)
        return self._with_networks(one, operands, sharing, noise_of=(self._context.noise, at))

    def _joined_with(
        self, network: int, operands: Operands
    ) -> tuple[Operands, tuple[Workload, ...]]:
        """Operands of one of the networks, and those that share its weights, an owner first."""
        owners = self._context.layers.cells_of_network
        others = np.flatnonzero(owners == owners[network])
        others = others[others != network]
        others = others[np.argsort(owners[others] != others, kind="stable")]
        names = [self.workload_names[w] for w in (network, *others)]
        weights_of = {n: o for n, o in (operands.weights_of or {}).items() if n in names}
        joined = tuple(self.workloads.workloads[w] for w in others)
        return replace(operands, weights_of=weights_of), joined

    def time_multiplexed(self) -> PhysicalEvaluator:
        """The model of networks that take turns on the chip.

        Switches are not charged if the networks of this model are co-resident.
        """
        common = self._context.common_cache
        return self._multiplexed if self._sharing.co_resident or common else self

    @cached_property
    def _multiplexed(self) -> PhysicalEvaluator:
        alone = replace(self._sharing, deployment="alone")
        return self._derived(
            ("", "alone"), lambda: self._with_networks(self.workloads, self._operands, alone)
        )

    def single_network_models(self) -> list[CostModel]:
        """One model, or one per network if their precisions differ.

        A chip for all networks has adders as wide as the widest network needs.
        """
        if self._operands.equally_precise:
            return [self.time_multiplexed()]
        return [self.for_network(name) for name in self.workload_names]

    def _with_networks(
        self, workloads: WorkloadSet, operands: Operands, sharing: ChipSharing, **options: Any
    ) -> PhysicalEvaluator:
        """A model of other networks, with further options."""
        if self._sharing.co_resident:
            sharing = replace(sharing, requests_per_switch=np.inf)
        if self._context.common_cache:
            sharing = replace(sharing, common_cache=False)
        return PhysicalEvaluator(
            self.space,
            workloads,
            operands=operands,
            sharing=sharing,
            measured=self._measured,
            objectives=self._objectives,
            saves_between_layers=self._saves_between_layers,
            **self._options | {"table": self._context.table} | options,
        )

    @property
    def _accuracy_data(self) -> Mapping[str, AccuracyData]:
        """Accuracy data by network."""
        return {} if self._measured is None else self._measured.accuracy

    @property
    def _has_own_noise(self) -> bool:
        """True if the SNR of networks with accuracy data rests on these."""
        return self._measured is not None and self._measured.own_noise is not None

    def screen(self, levels: Levels) -> Metrics:
        """Area and circuit limits, lower bounds of missing cells, no buffer bits."""
        return self._constrained(self._in_chunks(levels, Batch.screen))

    def resources(self, levels: Levels) -> Metrics:
        """Area and all constraints, without energies and times."""
        return self._constrained(self._in_chunks(levels, lambda batch: batch.resources))

    def _in_chunks(
        self, given: Levels | Columns, resources_of: Callable[[Batch], PhysicalResources]
    ) -> PhysicalResources:
        designs = self.designs(given)
        chunks = list(designs.chunks(self._designs_at_once)) or [designs]
        return PhysicalResources.joined(
            spread(lambda chunk: resources_of(Batch(self._context, chunk)), chunks)
        )

    def _constrained(self, known: PhysicalResources) -> Metrics:
        areas = {"area": known.area_m2, "dram_area": known.dram_m2}
        areas["package"] = areas["area"] + areas["dram_area"]
        areas["silicon"] = areas["area"] + known.dram_silicon_m2
        return Metrics(areas, constraints(known, self._limits, self._accuracy))

    def breakdown(self, given: Levels | Columns) -> PhysicalBreakdown:
        """Costs of a few designs by layer and component, and further figures of the networks.

        With accuracy data, `details` also has the predicted accuracy drop and its causes.

        Args:
            given: value indices, shape (n, n_parameters), or design columns. Memory grows with n ·
                layers · components.

        Raises:
            ValueError: a value is not allowed or not in the component table.
        """
        layers = [(w.name, layer) for w in self.workloads.workloads for layer in w.layers]
        designs = self.designs(given)
        parts = self._parts(designs)
        batches = (Batch(self._context, designs.take(rows)) for rows in parts)
        costs = PhysicalBreakdown.joined(
            [break_down(batch, layers) for batch in batches], np.concatenate(parts)
        )
        if self._accuracy is None:
            return costs
        return replace(costs, details={**costs.details, **self._accuracy.details(designs)})

    def in_full(self, given: Levels | Columns) -> PhysicalMetrics:
        """All metrics of the physical model, with bottlenecks.

        Args:
            given: value indices, shape (n, n_parameters), or design columns. Values must be in the
                component table; the space need not have them.

        Raises:
            ValueError: a column is missing or a value is not covered; names it and the allowed
                ones.
        """
        designs = self.designs(given)
        parts = self._parts(designs)
        full = spread(lambda rows: evaluate_batch(Batch(self._context, designs.take(rows))), parts)
        return PhysicalMetrics.joined(full).take(np.argsort(np.concatenate(parts)))

    def _parts(self, designs: Designs) -> list[Ints]:
        """Indices of designs per thread at once."""
        return of_one_schedule(designs, self._designs_at_once)

    @property
    def _designs_at_once(self) -> int:
        return max(1, min(DESIGNS_PER_THREAD_CHUNK, CHUNK_NUMBERS // len(self._context.layers)))

    def resource_use(self, given: Levels | Columns) -> dict[str, Floats]:
        """Used share of each limit, and of the cells if weights must be resident, shape (n, W).

        1 + drop for accuracy if no drop is allowed.
        """
        designs = self.designs(given)
        resources = self._in_chunks(designs, lambda batch: batch.resources)
        used = limit_use(resources, self._limits, self._accuracy)
        if self._accuracy is not None and "accuracy" in used:
            allowed, beyond = self._accuracy.allowed, used["accuracy"] - 1
            limited = np.isfinite(allowed) & (allowed > 0)
            drop = np.maximum(beyond + allowed, 0)
            used["accuracy"] = np.divide(drop, allowed, out=used["accuracy"], where=limited)
        if not self._context.device.streams:
            need = needed_macros(self._context, place(self._context, designs).macros)
            cells = need * (designs.rows * designs.cols)[:, None]
            used["cells"] = cells / resources.cells[:, None]
        return used

    def lacks_dram_for_cache(self, levels: Levels) -> Bools:
        """True where a cache needs more buffer, and DRAM would do instead, shape (n, W)."""
        return Batch(self._context, self.designs(levels)).lacks_dram_for_cache

    def evaluate_part(
        self, name: str, levels: Levels, groups: Ints, bandwidth: Floats, room: float
    ) -> dict[str, Floats]:
        """Evaluate a network on a part of each of n designs.

        Args:
            name: name of the network; its weights stay on its part.
            levels: shape (n, n_parameters).
            groups, bandwidth, room: see `SharedBatch`.

        Returns:
            `energy` (J), `latency` and `interval` (s) and `power` on the chip (W), shape (n,); NaN
            where it does not run.
        """
        context = self._on_part(name)._context
        designs = self.designs(levels)
        part = evaluate_shares(context, designs, groups.astype(float), bandwidth, room)
        return {key: values[:, 0] for key, values in _of_networks(part).items()}

    def break_down_part(
        self, name: str, levels: Levels, groups: Ints, bandwidth: Floats, room: float
    ) -> PhysicalBreakdown:
        """Breakdown of a network on a part of each design; arguments as for `evaluate_part`."""
        one, designs = self._on_part(name), self.designs(levels)
        part = one._context, designs, groups.astype(float), bandwidth, room
        batches = [*shared_batches(*part)]
        layers = [(name, layer) for layer in one.workloads.workloads[0].layers]
        order = np.concatenate([rows for rows, _ in batches])
        return PhysicalBreakdown.joined([break_down(b, layers) for _, b in batches], order)

    def _on_part(self, name: str) -> PhysicalEvaluator:
        """The model of a single network whose weights stay on its part of a chip."""
        if name not in self._on_parts:
            self._on_parts[name] = self._of_one(name, "together")
        return self._on_parts[name]

    def partials(self, area_limit_m2: float) -> BoundedTree:
        """Search tree of partial designs with lower bounds.

        Args:
            area_limit_m2: bounds need not hold for larger chips, m²; may be infinite.

        Raises:
            NoBounds: see `BoundedTree`.
        """
        several, at = self._among or (self, range(len(self.workload_names)))
        # Single networks share bounds of tilings; without any, all networks together need fewer.
        alone = several is self and area_limit_m2 not in self._any_network_trees
        tree = BoundedTree(
            self.space,
            self._context,
            self.designs,
            area_limit_m2,
            tilings=None if alone else (several._any_network_tree(area_limit_m2), at),
            is_tried=self._is_bounded,
        )
        self._is_bounded = True
        return tree

    def _any_network_tree(self, area_limit_m2: float) -> BoundedTree:
        """Search tree with bounds of chips that keep the circuit limits of any network."""
        if area_limit_m2 not in self._any_network_trees:
            self._any_network_trees[area_limit_m2] = BoundedTree(
                self.space, self._context, self.designs, area_limit_m2, any_network=True
            )
        return self._any_network_trees[area_limit_m2]

    def evaluate(self, levels: Levels) -> Metrics:
        """Evaluate designs.

        Args:
            levels: shape (n, n_parameters).

        Returns:
            `energy` (J) and `latency` (s), shape (n, W), NaN where a network breaks a constraint;
            `area` and, of the DRAM beside the chip, `dram_area` (m²), (n,). Also `interval` (s),
            `power` on the chip (W), `snr_adc` (dB) and, if it is an objective, `snr` (dB, at most
            `MOST_DB`), (n, W); `leak` of the idle chip and `dram_rest`, of DRAM in self-refresh
            (W), (n,). If `saves_between_layers`, also `longest_layer` (s), (n, W), `save` (s) and
            `save_energy` (J), (n,), see `PhysicalMetrics`.

        Raises:
            ValueError: a value index is outside the space, or the component table lacks a value.
        """
        designs = self.designs(levels)
        parts = self._parts(designs)
        metrics = spread(lambda rows: self._metrics(designs.take(rows)), parts)
        return Metrics.joined(metrics).take(np.argsort(np.concatenate(parts)))

    def _metrics(self, designs: Designs) -> Metrics:
        """Metrics of designs of one schedule.

        Half of all random designs break a limit and need no energies.
        """
        whole = Batch(self._context, designs)
        resources = self._constrained(whole.resources)
        runs, running = resources.runs, np.flatnonzero(resources.runs.any(axis=1))
        batch = whole.take(running)
        run = best_run(batch, causes=False, longest=self._saves_between_layers)
        values = _of_networks(run)
        if "snr" in self._objectives:
            values["snr"] = np.minimum(batch.resources.snr_dB, MOST_DB)
        if self._saves_between_layers:
            values["longest_layer"] = run.longest_layer_s
        limited = self._accuracy is not None and self._accuracy.limited
        if limited or "accuracy_drop" in self._objectives:  # else it is not predicted
            values["accuracy_drop"] = batch.accuracy_drop
        values = {name: np.where(runs[running], array, np.nan) for name, array in values.items()}
        values |= {"leak": batch.idle_leak_W, "dram_rest": batch.chip.dram.rest_W}
        if self._saves_between_layers:
            values["save"], values["save_energy"] = saving(batch, run)
        for name, array in values.items():
            values[name] = np.full((len(designs), *array.shape[1:]), np.nan)
            values[name][running] = array
        values |= {**resources.values, "snr_adc": whole.resources.snr_adc_dB}
        return Metrics(values, resources.resources)

    def covered(self, given: Levels | Columns) -> Designs:
        """Check designs against the component table; `in_full` accepts the result.

        Raises:
            DesignRefused: a value is not covered; names the column and the allowed values.
        """
        designs = self.designs(given)
        require_coverage(designs, self._context)
        return designs

    def check_design(self, design: Mapping[str, Any]) -> None:
        """Check that model and component table cover a design, and spaces its supply voltage.

        Raises:
            DesignRefused: names the column and the allowed values.
        """
        designs = self.covered({name: np.array([value]) for name, value in design.items()})
        lowest, *_, highest = SPACE_VOLTAGES
        supply = designs.voltage_V
        wrong = (supply < lowest) | (supply > highest)
        refuse("voltage_V", supply, wrong, f"{lowest:g} to {highest:g} V")

    def designs(self, given: Levels | Columns) -> Designs:
        """Check designs and convert them to arrays; the component table may still lack a value.

        Args:
            given: value indices, shape (n, n_parameters), or design columns.

        Raises:
            ValueError: a column is missing or a value is not allowed.
        """
        if isinstance(given, Designs):
            return given
        if isinstance(given, np.ndarray):
            designs = self._decoded(given)
        else:
            designs = Designs.of_columns(given, defaults=self._defaults)
        self._context.device.check(designs, self._context.weight_bits)
        if self._defaults.get("adc_noise") != 0:
            noise = designs.adc_noise
            refuse("adc_noise", noise, noise == 0, "1 to 400: a chip states the noise of its ADCs")
        highest = HIGHEST_BITS_PER_CELL if self._context.switches.few_levels else 8
        bits = designs.bits_per_cell
        refuse(
            "bits_per_cell", bits, bits > highest, f"at most {highest}: no more are demonstrated"
        )
        return designs

    @property
    def _defaults(self) -> dict[str, str | float]:
        device = self._context.device.defaults
        measured = defaults_of(device, measured=self._accuracy is not None)
        return {"adc_model": self._context.adc_model, **measured}

    def _decoded(self, levels: Levels) -> Designs:
        """Designs of value indices, shape (n, n_parameters)."""
        self.space.validate(levels)

        def column(values: Values, at: list[int]) -> Values:
            if not at:
                return np.full(len(levels), values)
            first, *further = (levels[:, each] for each in at)
            return values[first, *further] if further else values.take(first)

        return Designs(**{n: column(*each) for n, each in self._values.items()}).checked()

    @cached_property
    def _values(self) -> dict[str, tuple[Values, list[int]]]:
        """Checked values of each design column, with one axis for each parameter that selects among
        them, and the positions of these parameters in the space.
        """
        names, values = self.space.names, {}
        fixed = {**DEFAULTS, **self._defaults, **self.space.fixed}
        require_columns({*names, *fixed})
        for name in COLUMNS:
            if name not in names:
                values[name] = checked_column(name, np.array([fixed[name]]))[0], list[int]()
                continue
            at = [names.index(name)]
            parameter = self.space.parameters[at[0]]
            allowed = np.array(parameter.values)
            if isinstance(parameter, Conditional):
                at.append(names.index(parameter.on.name))
                allowed = np.array([row.values for row in parameter.rows]).T
            values[name] = checked_column(name, allowed.ravel()).reshape(allowed.shape), at
        return values


def _of_networks(costs: ImageCosts | PhysicalMetrics) -> dict[str, Floats]:
    """Costs of an image by name, in SI units, shape (n, W) each."""
    return {
        "energy": costs.energy_J,
        "latency": costs.latency_s,
        "interval": costs.interval_s,
        "power": costs.power_W,
    }


def _snr_source(network: Workload, own: Collection[str]) -> str:
    """Source of the SNR of a network; `own` are those with data."""
    if network.name in own:
        return OWN_DATA
    return GENERIC_OPERANDS if generic_operands(network) else RECORDED


def physical_model(
    space: DesignSpace | str,
    workloads: WorkloadSet,
    *,
    components: str | None = None,
    precision: Mapping[str, tuple[int, int]] | None = None,
    weight_clip: Mapping[str, float] | None = None,
    kv_bits: Mapping[str, int] | None = None,
    compute_snr_limit_dB: float | None = None,
    adc_snr_limit_dB: float | None = None,
    **options: Any,
) -> PhysicalEvaluator:
    """Create the physical cost model from the settings of a study.

    Args:
        space: the design space, or the name of a device.
        workloads: the networks.
        components: path of a component table. If None, the shipped one.
        precision: input and weight bits, by network. If None, 8.
        weight_clip: largest stored weight, by network, see `Operands`. If None, 1.
        kv_bits: precision of cached keys and values, by network. If None, 8.
        compute_snr_limit_dB: smallest compute SNR, dB; minus infinity for no limit. If None, that
            of the device.
        adc_snr_limit_dB: smallest ADC SQNR, dB; minus infinity for no limit. If None, 15.
        options: settings of `Operands`, `ChipSharing` and `MeasuredNetworks`, and options of
            `PhysicalEvaluator`, such as `objectives`.

    Raises:
        ValueError: see `PhysicalEvaluator`.
        OSError: the component table cannot be read.
    """
    if components is not None:
        options["table"] = PhysicalTable.load(components)
    if precision is not None:
        options |= _bits(precision, workloads.names)
    if weight_clip is not None:
        options["weight_clip"] = tuple(weight_clip.get(name, 1.0) for name in workloads.names)
    if kv_bits is not None:
        options["kv_bits"] = tuple(kv_bits.get(name, BITS) for name in workloads.names)
    stated = {"snr_dB": compute_snr_limit_dB, "snr_adc_dB": adc_snr_limit_dB}
    limits = {name: limit for name, limit in stated.items() if limit is not None}
    device = space if isinstance(space, str) else space.fixed.get("device")
    if limits and device:  # without it, PhysicalEvaluator refuses the space
        options["limits"] = CircuitLimits.of_device(str(device), **limits)
    operands = Operands(**_taken(options, Operands))
    sharing = ChipSharing(**_taken(options, ChipSharing))
    if measured := _taken(options, MeasuredNetworks):
        options["measured"] = MeasuredNetworks(**measured)
    return PhysicalEvaluator(space, workloads, operands=operands, sharing=sharing, **options)


def _bits(
    precision: Mapping[str, tuple[int, int]], names: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Input bits and weight bits of each network; refuses those that the model does not have."""
    for name, each in precision.items():
        for key, given in zip(PRECISION, each, strict=True):
            if not FEWEST_BITS <= given <= BITS:
                allowed = f"{FEWEST_BITS} to {BITS}"
                raise ValueError(f"{key} of {name}: {given} is given, must be {allowed}")
    bits = [precision.get(name, (BITS, BITS)) for name in names]
    return dict(zip(PRECISION, map(tuple, zip(*bits, strict=True)), strict=True))


def _taken(
    options: dict[str, Any], settings: type[Operands | ChipSharing | MeasuredNetworks]
) -> dict[str, Any]:
    """Take the settings of a class from options."""
    return {f.name: options.pop(f.name) for f in fields(settings) if f.name in options}
