"""The physical cost model put together: of design columns, and of a design space.

`PhysicalModel` takes design columns, `PhysicalEvaluator` value indices of a design space. Weight
capacity, buffer bits, ADC SQNR, conductance-level margin and IR drop are constraints; compute SNR
is one on SRAM or where a study limits it, accuracy drop where a study limits that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import product
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import check_choice, did_you_mean_or_known
from imcmoo.io.executor import spread
from imcmoo.model.cost_model import CostModel, Deployment
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Bools, Floats, Ints, Metrics, Quantity
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.batch import Batch, evaluate_batch, of_one_schedule
from imcmoo.model.physical.bounds.bounded_tree import BoundedTree
from imcmoo.model.physical.breakdown import PhysicalBreakdown, break_down
from imcmoo.model.physical.components import MEMORY_CELLS, Switches, Technology, require_coverage
from imcmoo.model.physical.constraints import (
    MOST_DB,
    CircuitLimits,
    PhysicalMetrics,
    PhysicalResources,
    constraints,
    limit_use,
)
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.layers import FEWEST_BITS, LayerTable
from imcmoo.model.physical.mapping import place
from imcmoo.model.physical.mapping_features import needed_macros
from imcmoo.model.physical.noise import NoiseModel
from imcmoo.model.physical.parameters import (
    ADC_MODELS,
    COLUMNS,
    MAPPING_KEY,
    DesignRefused,
    Designs,
    checked_column,
    refuse,
)
from imcmoo.model.physical.predicted_accuracy import CircuitNoise, Operands, PredictedAccuracy
from imcmoo.model.physical.shares import evaluate_shares, shared_batches
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import BITS, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

ON_REQUEST = {
    q.name: q
    for q in (
        Quantity("interval", "s", bound=1e6),
        Quantity("power", "W", bound=1e6),
        Quantity("snr", "dB", sense="max", scale="interval", bound=1e3),
        Quantity("accuracy_drop", "", scale="interval", bound=1e3),
    )
}
"""What can be an objective beside energy, latency and area: time from one inference to the next,
power on the chip, compute SNR, and the predicted drop of accuracy of networks that have data."""


def requested(objectives: Sequence[str]) -> list[Quantity]:
    """Quantities by name.

    Raises:
        ValueError: an unknown one, or one that is named twice.
    """
    for name in objectives:
        if name not in ON_REQUEST or objectives.count(name) > 1:
            raise ValueError(
                f"objectives of the physical model, beside energy, latency and area, can be "
                f"{', '.join(ON_REQUEST)}, each once; got {', '.join(objectives)}"
            )
    return [ON_REQUEST[name] for name in objectives]


CHUNK_DESIGNS = 4096
"""Designs that one thread works on at once: bounds memory, and small arrays fit the cache."""
CHUNK_NUMBERS = 1 << 19
"""Designs × distinct layers, likewise: features of that many must fit a `KeyedCache`."""
HIGHEST_BITS_PER_CELL = 4

Columns = Mapping[str, ArrayLike] | Designs
"""Design columns: arrays of shape (n,) by the names of `Designs`, or checked ones."""


class PhysicalModel:
    """Energy, time, area and SNR of many chips at once, by design columns; no `CostModel`.

    Args:
        networks: the networks.
        device: "rram" or "sram".
        adc_model: one of zigzag, neurosim_sar, murmann, isaac, where designs have no column of
            that name.
        switches: the physical rules that are on.
        assumptions: the numbers no library gives.
        limits: limits of the circuits of a feasible chip; by default those of the device.
        deployment: "alone" if a chip holds one network at a time and is rewritten at a switch,
            "together" if it holds all.
        requests_per_switch: images over which a switch is charged; infinite for no charge.
        input_bits: precision of inputs, one number or one per network, 4 to 8.
        weight_bits: of weights, likewise.
        weight_clip: largest weight that is stored, as a share of the largest of its layer, one
            number or one per network; execution takes that of its channel.
        dynamic: which layers multiply two activations, over all layers in order.
        layers_digital: by network, layers that run on the digital unit, their weights in the global
            buffer; none by default.
        table: component numbers; the shipped ones by default.
        accuracy: accuracy data by network; none by default.
        max_accuracy_drop: largest drop below the float score by network; no limit by default.
        circuit_noise: works out the noise of layers, needed with `accuracy`.
        noise_of: the noise of several networks and the position of this one among them, which
            spares working it out again; none by default.

    Raises:
        ValueError: an argument outside its range, or no accuracy data for a network's precision.
    """

    def __init__(
        self,
        networks: WorkloadSet,
        *,
        device: str,
        adc_model: str = "zigzag",
        switches: Switches | None = None,
        assumptions: Assumptions | None = None,
        limits: CircuitLimits | None = None,
        deployment: Deployment = "alone",
        requests_per_switch: float = 1e6,
        input_bits: int | Sequence[int] = BITS,
        weight_bits: int | Sequence[int] = BITS,
        weight_clip: float | Sequence[float] = 1.0,
        dynamic: Bools | None = None,
        layers_digital: Mapping[str, Sequence[str]] | None = None,
        table: PhysicalTable | None = None,
        accuracy: Mapping[str, AccuracyData] | None = None,
        max_accuracy_drop: Mapping[str, float] | None = None,
        circuit_noise: CircuitNoise | None = None,
        noise_of: tuple[NoiseModel, int] | None = None,
    ) -> None:
        for name, value, choices in (
            ("device", device, tuple(MEMORY_CELLS)),
            ("adc_model", adc_model, ADC_MODELS),
            ("deployment", deployment, get_args(Deployment)),
        ):
            check_choice(name, value, choices)
        if not requests_per_switch >= 1:
            raise ValueError(f"requests_per_switch must be at least 1, got {requests_per_switch}")
        digital = layers_digital or {}
        precision: dict[str, Any] = {
            "input_bits": input_bits,
            "weight_bits": weight_bits,
            "weight_clip": weight_clip,
        }
        layers = LayerTable.of_workloads(
            networks, **precision, dynamic=dynamic, digital=_named_layers(networks, digital)
        )
        technology = Technology(
            device=MEMORY_CELLS[device],
            table=table or PhysicalTable.load(),
            assumptions=assumptions or Assumptions(),
            switches=switches or Switches(),
        )
        predicted = None
        if accuracy:
            if circuit_noise is None:
                raise ValueError("accuracy needs `circuit_noise`")
            operands = [np.broadcast_to(v, len(networks)).tolist() for v in precision.values()]
            predicted = PredictedAccuracy(
                networks.names,
                accuracy,
                circuit_noise,
                max_drop=max_accuracy_drop or {},
                technology=technology,
                operands=[Operands(*each) for each in zip(*operands, strict=True)],
                digital=digital,
            )
        self.networks = networks
        self.layers = layers
        self.adc_model = adc_model
        self.context = Context(
            **vars(technology),
            layers=layers,
            inferences_per_switch=requests_per_switch if deployment == "alone" else np.inf,
            co_resident=deployment == "together",
            noise=NoiseModel(layers, technology, part_of=noise_of),
            limits=limits or CircuitLimits.of_device(device),
            accuracy=predicted,
        )

    @property
    def workload_names(self) -> list[str]:
        """Networks, in the order of the columns of all metrics."""
        return self.networks.names

    @property
    def macs(self) -> Floats:
        """Multiply-accumulates of one image of each network, shape (W,)."""
        macs: Floats = self.layers.total(self.layers.macs)
        return macs

    def evaluate(
        self, columns: Columns, *, causes: bool = True, longest: bool = False
    ) -> PhysicalMetrics:
        """Metrics of n designs.

        Args:
            columns: of the designs; node, supply voltage and sizes must be in the component table,
                whether or not a space lists them.
            causes: whether to find the bottleneck; else `bound_by` is −1.
            longest: whether to find the longest layer; else `longest_layer_s` is NaN.

        Raises:
            ValueError: a column is missing or a value not covered; names it and the allowed ones.
        """
        designs = self.designs(columns)
        size = max(1, min(CHUNK_DESIGNS, CHUNK_NUMBERS // len(self.layers)))
        parts = of_one_schedule(designs, size)

        def work(some: Ints) -> PhysicalMetrics:
            batch = Batch(self.context, designs.take(some))
            return evaluate_batch(batch, causes=causes, longest=longest)

        return PhysicalMetrics.joined(spread(work, parts)).take(np.argsort(np.concatenate(parts)))

    def resources(self, columns: Columns) -> PhysicalResources:
        """Exact area, capacity shortfalls and circuit limits, without energies and times.

        Args:
            columns: design columns by name, shape (n,) each, that `evaluate` takes.

        Raises:
            ValueError: a column is missing, or a value is not allowed or not in the component
                table.
        """
        return self._in_chunks(columns, lambda batch: batch.resources)

    def screen(self, columns: Columns) -> PhysicalResources:
        """Resources with only the cells that are missing for sure, and no bits.

        A chip that passes may still lack macros for awkward layers or buffer; `resources` tells.

        Args:
            columns: design columns by name, shape (n,) each, that `evaluate` takes.

        Raises:
            ValueError: a column is missing, or a value is not allowed or not in the component
                table.
        """
        return self._in_chunks(columns, Batch.screen)

    def _in_chunks(
        self, columns: Columns, resources_of: Callable[[Batch], PhysicalResources]
    ) -> PhysicalResources:
        designs = self.designs(columns)
        chunks = list(designs.chunks(CHUNK_DESIGNS)) or [designs]
        return PhysicalResources.joined(
            spread(lambda chunk: resources_of(Batch(self.context, chunk)), chunks)
        )

    def needed_cells(self, designs: Designs) -> Floats:
        """Cells that all weights of each network take to be resident once, shape (n, W)."""
        need = needed_macros(self.context, place(self.context, designs).macros)
        return need * (designs.rows * designs.cols)[:, None]

    def breakdown(self, columns: Columns) -> PhysicalBreakdown:
        """Energy, time and area of a few designs by layer and component.

        Args:
            columns: design columns by name, shape (n,) each, that `evaluate` takes.

        Raises:
            ValueError: a column is missing, or a value is not allowed or not in the component
                table.
        """
        layers = [(w.name, layer) for w in self.networks.workloads for layer in w.layers]
        designs = self.designs(columns)
        parts = of_one_schedule(designs, len(designs))
        costs = [break_down(Batch(self.context, designs.take(rows)), layers) for rows in parts]
        return PhysicalBreakdown.joined(costs, np.concatenate(parts))

    def covered(self, columns: Columns) -> Designs:
        """Checked design columns that the component table covers, so that `evaluate` accepts them.

        Raises:
            DesignRefused: a value is not covered; names the column and what is allowed.
        """
        designs = self.designs(columns)
        require_coverage(designs, self.context)
        return designs

    def designs(self, columns: Columns, *, checked: bool = False) -> Designs:
        """Design columns as checked arrays; the component table may still lack a value.

        Args:
            columns: of n designs.
            checked: whether `checked_column` returned each of them.

        Raises:
            ValueError: a column is missing or a value not allowed.
        """
        if isinstance(columns, Designs):
            return columns
        designs = Designs.of_columns(columns, adc_model=self.adc_model, checked=checked)
        self.context.device.check(designs)
        highest = HIGHEST_BITS_PER_CELL if self.context.switches.few_levels else 8
        bits = designs.bits_per_cell
        refuse(
            "bits_per_cell", bits, bits > highest, f"at most {highest}: no more are demonstrated"
        )
        return designs


def _named_layers(networks: WorkloadSet, named: Mapping[str, Sequence[str]]) -> Bools:
    """True for the named layers, over all layers in order.

    Raises:
        ValueError: a network has no such layer with weights of its own.
    """
    flags = []
    for network in networks.workloads:
        names = named.get(network.name, ())
        stored = [
            n for n, dynamic in zip(network.layers, network.dynamic, strict=True) if not dynamic
        ]
        for name in names:
            if name not in stored:
                raise ValueError(
                    f"layers_digital: {network.name} has no layer '{name}' with stored weights; "
                    + did_you_mean_or_known(name, stored)
                )
        flags += [layer in names for layer in network.layers]
    return np.array(flags)


_UNSCREENED = {"link_bits", "schedule"}
BITS_OF = ("input_bits", "weight_bits")
PER_NETWORK = (*BITS_OF, "weight_clip")
"""Options that may have a value for each network."""
OF_DIGEST = ("deployment", "table", "circuit_noise", "noise_of")
"""Options that the digest of the data states by themselves, code, and results."""


class PhysicalEvaluator(CostModel):
    """The `CostModel` called physical: `PhysicalModel` by value indices of a space.

    Args:
        space: the designs, of one device; its parameters and fixed values are the columns of
            `imcmoo.model.physical.parameters.Designs`, and `device`.
        workloads: the networks; layers that multiply two activations run on the digital unit.
        objectives: further objectives, names in `ON_REQUEST`.
        interruptible: whether `evaluate` gives what an interruption between layers depends on.
        options: further arguments of `PhysicalModel`, such as `deployment` and `table`.

    Raises:
        ValueError: the space lacks a column or has a value that the table or the model does not
            cover, or there is no such objective.
    """

    resource_names: tuple[str, ...] = ()
    macs: Floats

    def __init__(
        self,
        space: DesignSpace,
        workloads: WorkloadSet,
        *,
        objectives: Sequence[str] = (),
        interruptible: bool = False,
        **options: Any,
    ) -> None:
        self.quantities = (ENERGY, LATENCY, AREA, *requested(objectives))
        if "device" not in space.fixed:
            raise ValueError(f"space {space.name} must fix `device` for the physical model")
        super().__init__(space, workloads)
        self.workloads = workloads
        self._objectives = tuple(objectives)
        self._interruptible = interruptible
        self._on_parts: dict[str, PhysicalEvaluator] = {}
        self._among: tuple[PhysicalEvaluator, Sequence[int]] | None = None
        self._any_network_trees: dict[float, BoundedTree] = {}
        self._options = options
        dynamic = np.concatenate([np.array(w.dynamic, dtype=bool) for w in workloads.workloads])
        device = space.fixed["device"]
        self._model = PhysicalModel(workloads, device=device, dynamic=dynamic, **options)
        self._limits = self._model.context.limits
        self.resource_names = ("cells", "buffer_bits", *self._limits.resources)
        self._accuracy = self._model.context.accuracy
        if self._accuracy is None and "accuracy_drop" in objectives:
            raise ValueError("objective accuracy_drop needs accuracy data of a network")
        if self._accuracy is not None and self._accuracy.limited:
            self.resource_names = (*self.resource_names, "accuracy")
        self.macs = self._model.macs
        self.mapping_parameters = tuple(n for n in space.names if n in MAPPING_KEY)
        # How links are wide matters to no limit, and the schedule only to what may be streamed.
        without = {"link_bits"} if MEMORY_CELLS[device].streams else _UNSCREENED
        self.screened_by = tuple(n for n in space.names if n not in without)
        self._check_values()

    def _check_values(self) -> None:
        """Check each value of the space with all other parameters at their first value.

        A conditional parameter is checked with every value of the one it depends on.

        Raises:
            ValueError: a value that the model does not allow or the component table lacks.
        """
        names, sizes = self.space.names, self.space.shape
        rows = [np.zeros(len(names), dtype=np.int64)]
        for at, parameter in enumerate(self.space.parameters):
            first = rows[0]
            on = names.index(parameter.on.name) if isinstance(parameter, Conditional) else at
            for index, other in product(range(sizes[at]), range(sizes[on] if on != at else 1)):
                rows.append(first.copy())
                rows[-1][on] = other
                rows[-1][at] = index
        try:
            self._model.covered(self._designs(np.array(rows)))
        except DesignRefused as refused:
            raise ValueError(f"space.{refused.column}: {refused.problem}") from None

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of the component table, the networks, deployment, options and limits."""
        options = {n: v for n, v in sorted(self._options.items()) if n not in OF_DIGEST}
        table = self._model.context.table.fingerprint
        # Which designs are feasible shows in no number of a feasible one.
        stated = (table, self._deployment, list(options.items()), self._limits)
        digest = hashlib.sha256(repr(stated).encode())
        digest.update(self.workloads.fingerprint.encode())
        return digest.hexdigest()

    def for_network(self, name: str) -> PhysicalEvaluator:
        """The model of a single network.

        Raises:
            ValueError: no such network here.
        """
        return self._of_one(name, "alone")

    def _of_one(self, name: str, deployment: Deployment) -> PhysicalEvaluator:
        """The model of a single network, rewritten or not."""
        if name not in self.workload_names:
            raise ValueError(f"no workload '{name}'; here are {', '.join(self.workload_names)}")
        at = self.workload_names.index(name)
        one = WorkloadSet((self.workloads.workloads[at],))
        options = {
            key: value[at] if key in PER_NETWORK and not isinstance(value, int | float) else value
            for key, value in self._options.items()
        }
        options["noise_of"] = (self._model.context.noise, at)
        model = self._with_networks(one, options, deployment)
        if self._deployment == deployment == "alone" and self._alike:
            model._among = (self, [at])
        return model

    def time_multiplexed(self) -> PhysicalEvaluator:
        """The model of networks that are one by one on the chip.

        It charges no switch if the networks of this model are co-resident: a network that has the
        chip to itself keeps its weights, too.
        """
        return self if self._deployment == "alone" else self._multiplexed

    @cached_property
    def _multiplexed(self) -> PhysicalEvaluator:
        return self._with_networks(self.workloads, self._options)

    def single_network_models(self) -> list[CostModel]:
        """One model, or one for each network where their precisions differ.

        A chip for all networks has adders as wide as the widest network needs.
        """
        if self._alike:
            return [self.time_multiplexed()]
        return [self.for_network(name) for name in self.workload_names]

    @property
    def _alike(self) -> bool:
        """True if all networks have the same precision."""
        bits = [self._options.get(key, BITS) for key in BITS_OF]
        return all(isinstance(each, int) or len(set(each)) == 1 for each in bits)

    @property
    def _deployment(self) -> Deployment:
        deployment: Deployment = self._options.get("deployment", "alone")
        return deployment

    def _with_networks(
        self,
        workloads: WorkloadSet,
        options: Mapping[str, Any],
        deployment: Deployment = "alone",
    ) -> PhysicalEvaluator:
        """A model of other networks, one by one on the chip by default."""
        settings = {**options, "deployment": deployment, "table": self._model.context.table}
        if self._deployment == "together":
            settings["requests_per_switch"] = np.inf
        return PhysicalEvaluator(
            self.space,
            workloads,
            objectives=self._objectives,
            interruptible=self._interruptible,
            **settings,
        )

    def screen(self, levels: Levels) -> Metrics:
        """Area and circuit limits, only the cells that are missing for sure, and no buffer bits."""
        return self._constrained(self._model.screen(self._designs(levels)))

    def resources(self, levels: Levels) -> Metrics:
        """Area and all constraints, without energies and times."""
        return self._constrained(self._model.resources(self._designs(levels)))

    def _constrained(self, known: PhysicalResources) -> Metrics:
        return Metrics({"area": known.area_m2}, constraints(known, self._limits, self._accuracy))

    def breakdown(self, levels: Levels) -> PhysicalBreakdown:
        """Energy by layer and component and area by component of a few designs.

        Args:
            levels: shape (n, n_parameters); memory grows with n · layers · components.
        """
        return self._model.breakdown(self.space.decode(levels))

    def in_full(self, levels: Levels) -> PhysicalMetrics:
        """All metrics of the physical model, bottlenecks included."""
        return self._model.evaluate(self._designs(levels))

    def network_details(self, levels: Levels) -> dict[str, NDArray[Any]]:
        """Bottleneck (`bound_by`), share of macros in use (`utilization`), weight mode (`streamed`)
        and compute SNR (`snr_dB`) of networks with its parts, at most `MOST_DB`; if some have
        accuracy data, the predicted drop and what decides it.

        Args:
            levels: shape (n, n_parameters).

        Returns:
            Shape (n, W) each; empty or NaN where a network does not run, but for SNR.
        """
        full = self.in_full(levels)
        bound = np.array([*CAUSES, ""])[full.bound_by]
        details = {
            "bound_by": bound,
            "utilization": full.occupied_cells / full.cells[:, None],
            "snr_adc_dB": np.minimum(full.snr_adc_dB, MOST_DB),
            "snr_dev_dB": np.minimum(full.snr_dev_dB, MOST_DB),
            "snr_dB": np.minimum(full.snr_dB, MOST_DB),
            "streamed": np.where(full.runs, np.where(full.streamed, "yes", "no"), ""),
        }
        if self._accuracy is not None:
            details |= self._accuracy.details(self._designs(levels))
        return details

    def resource_use(self, levels: Levels) -> dict[str, Floats]:
        """Share of each limit, and of the cells where weights must be resident, shape (n, W).

        Of a drop of accuracy where none is allowed it is 1 + drop.
        """
        designs = self._designs(levels)
        resources = self._model.resources(designs)
        used = limit_use(resources, self._limits, self._accuracy)
        if self._accuracy is not None and "accuracy" in used:
            allowed, beyond = self._accuracy.allowed, used["accuracy"] - 1
            limited = np.isfinite(allowed) & (allowed > 0)
            drop = np.maximum(beyond + allowed, 0)
            used["accuracy"] = np.divide(drop, allowed, out=used["accuracy"], where=limited)
        if not MEMORY_CELLS[self.space.fixed["device"]].streams:
            used["cells"] = self._model.needed_cells(designs) / resources.cells[:, None]
        return used

    def evaluate_part(
        self, name: str, levels: Levels, groups: Ints, bandwidth: Floats, room: float
    ) -> dict[str, Floats]:
        """Energy, latency, interval and power of a network on a part of each of n designs.

        Args:
            name: of the network, whose weights stay on its part.
            levels: shape (n, n_parameters).
            groups, bandwidth, room: as `SharedBatch` takes them.

        Returns:
            `energy` (J), `latency` and `interval` (s) and `power` on the chip (W), shape (n,); NaN
            where it does not run.
        """
        context = self._on_part(name)._model.context
        designs = self._designs(levels)
        part = evaluate_shares(context, designs, groups.astype(float), bandwidth, room)
        arrays = {
            "energy": part.energy_J,
            "latency": part.latency_s,
            "interval": part.interval_s,
            "power": part.power_W,
        }
        return {key: values[:, 0] for key, values in arrays.items()}

    def break_down_part(
        self, name: str, levels: Levels, groups: Ints, bandwidth: Floats, room: float
    ) -> tuple[PhysicalBreakdown, dict[str, NDArray[Any]]]:
        """Breakdown of a network on a part of each of a few designs, and its `bound_by` and
        `utilization` there, shape (n,); arguments as `evaluate_part` takes them."""
        one, designs = self._on_part(name), self._designs(levels)
        part = one._model.context, designs, groups.astype(float), bandwidth, room
        batches = [*shared_batches(*part)]
        layers = [(name, layer) for layer in one.workloads.workloads[0].layers]
        order = np.concatenate([rows for rows, _ in batches])
        costs = PhysicalBreakdown.joined([break_down(b, layers) for _, b in batches], order)
        found = evaluate_shares(*part, causes=True)
        use = found.occupied_cells / found.cells[:, None]
        bound = np.array([*CAUSES, ""])[found.bound_by]
        return costs, {"bound_by": bound[:, 0], "utilization": use[:, 0]}

    def _on_part(self, name: str) -> PhysicalEvaluator:
        """The model of a single network whose weights stay on its part of a chip."""
        if name not in self._on_parts:
            self._on_parts[name] = self._of_one(name, "together")
        return self._on_parts[name]

    def partials(self, area_limit_m2: float) -> BoundedTree:
        """The tree of partial designs and its bounds.

        Args:
            area_limit_m2: area in m²; bounds need not hold for larger chips. May be infinite.

        Raises:
            NoBounds: raised by `BoundedTree`.
        """
        several, at = self._among or (self, range(len(self.workload_names)))
        return BoundedTree(
            self.space,
            self._model.context,
            self._designs,
            area_limit_m2,
            tilings=(several._any_network_tree(area_limit_m2), at),
        )

    def _any_network_tree(self, area_limit_m2: float) -> BoundedTree:
        """The tree with bounds of chips that keep the circuit limits of any network."""
        if area_limit_m2 not in self._any_network_trees:
            self._any_network_trees[area_limit_m2] = BoundedTree(
                self.space, self._model.context, self._designs, area_limit_m2, any_network=True
            )
        return self._any_network_trees[area_limit_m2]

    def evaluate(self, levels: Levels) -> Metrics:
        """All metrics of many designs.

        Args:
            levels: shape (n, n_parameters).

        Returns:
            `energy` and `latency`, shape (n, W), NaN where a network breaks a constraint; `area`,
            (n,); beside these `interval` (s), `power` on the chip (W) and, where that is an
            objective, `snr` (dB, at most `MOST_DB`), as `energy`, `snr_adc` (dB), (n, W), and
            `leak` of the chip and `dram_idle` (W), (n,). If `interruptible`, also `longest_layer`
            (s), (n, W), `save` (s) and `save_energy` (J), (n,), as in `PhysicalMetrics`.

        Raises:
            ValueError: levels outside the space, or a value the component table lacks.
        """
        designs = self._designs(levels)
        resources = self._model.resources(designs)
        metrics = self._constrained(resources)
        runs = metrics.runs
        # Half of all random designs break a limit and need no energies. Building the chips of the
        # other half a second time takes 1 to 4 % of the time.
        running = np.flatnonzero(runs.any(axis=1))
        full = self._model.evaluate(
            designs.take(running), causes=False, longest=self._interruptible
        )
        values = {}
        for name, array in (
            ("energy", full.energy_J),
            ("latency", full.latency_s),
            ("interval", full.interval_s),
            ("power", full.power_W),
            *([("snr", np.minimum(full.snr_dB, MOST_DB))] if "snr" in self._objectives else []),
            *([("longest_layer", full.longest_layer_s)] if self._interruptible else []),
            *([("accuracy_drop", full.accuracy_drop)] if self._accuracy is not None else []),
        ):
            values[name] = np.full(runs.shape, np.nan)
            values[name][running] = np.where(runs[running], array, np.nan)
        saving = {"save": full.save_s, "save_energy": full.save_J} if self._interruptible else {}
        always = {"leak": full.leak_W, "dram_idle": full.dram_idle_W}
        for name, array in {**always, **saving}.items():
            values[name] = np.full(runs.shape[:1], np.nan)
            values[name][running] = array
        return Metrics(
            {**values, **metrics.values, "snr_adc": resources.snr_adc_dB}, metrics.resources
        )

    def _designs(self, levels: Levels) -> Designs:
        """Checked designs of value indices."""
        self.space.validate(levels)
        stated = {*self.space.names, *self.space.fixed}
        columns = {name: self._column(levels, name) for name in COLUMNS if name in stated}
        return self._model.designs(columns, checked=True)

    def _column(self, levels: Levels, name: str) -> NDArray[Any]:
        """A checked design column, shape (n,)."""
        values = self._values.get(name)
        if values is None:
            return checked_column(name, self.space.column(levels, name))
        if name in self.space.fixed:
            return np.full(len(levels), values[0])
        return values.take(levels[:, self.space.names.index(name)])

    @cached_property
    def _values(self) -> dict[str, NDArray[Any]]:
        """Checked values of the design columns of which all values are allowed, by name."""
        possible = {
            p.name: p.values for p in self.space.parameters if not isinstance(p, Conditional)
        }
        possible |= {name: (value,) for name, value in self.space.fixed.items()}
        values = {}
        for name in COLUMNS:
            with suppress(ValueError):
                if name in possible:
                    values[name] = checked_column(name, np.asarray(possible[name]))
        return values


def physical_model(
    space: DesignSpace,
    workloads: WorkloadSet,
    *,
    components: str | None = None,
    precision: Mapping[str, tuple[int, int]] | None = None,
    weight_clip: Mapping[str, float] | None = None,
    compute_snr_limit_dB: float | None = None,
    **options: Any,
) -> PhysicalEvaluator:
    """The physical cost model, as studies ask for it.

    Args:
        space: the designs.
        workloads: the networks.
        components: path of a component table.
        precision: bits of inputs and of weights, by network; 8 by default.
        weight_clip: largest weight that is stored, as `PhysicalModel` takes it, by network; 1 by
            default.
        compute_snr_limit_dB: least compute SNR, minus infinity for no limit; the device's default.
        options: of `PhysicalEvaluator`, `objectives` among them.

    Raises:
        ValueError: raised by `PhysicalEvaluator`.
        OSError: the component table cannot be read.
    """
    if components is not None:
        options["table"] = PhysicalTable.load(components)
    if precision is not None:
        for name, each in precision.items():
            for key, given in zip(BITS_OF, each, strict=True):
                if not FEWEST_BITS <= given <= BITS:
                    allowed = f"{FEWEST_BITS} to {BITS}"
                    raise ValueError(f"{key} of {name}: {given} is given, must be {allowed}")
        bits = [precision.get(name, (BITS, BITS)) for name in workloads.names]
        options |= dict(zip(BITS_OF, map(tuple, zip(*bits, strict=True)), strict=True))
    if weight_clip is not None:
        options["weight_clip"] = tuple(weight_clip.get(name, 1.0) for name in workloads.names)
    if compute_snr_limit_dB is not None:
        options["limits"] = CircuitLimits(snr_dB=compute_snr_limit_dB)
    return PhysicalEvaluator(space, workloads, **options)
