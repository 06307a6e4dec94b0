"""The physical cost model put together: design columns in, metrics out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import check_choice
from imcmoo.io.executor import spread
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.breakdown import PhysicalBreakdown, break_down
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.copies import CopiesMemory, Deployment
from imcmoo.model.physical.coverage import require_coverage
from imcmoo.model.physical.devices import DEVICES
from imcmoo.model.physical.evaluation import metrics
from imcmoo.model.physical.keys import body_keys
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.limits import CircuitLimits
from imcmoo.model.physical.metrics import PhysicalMetrics, PhysicalResources
from imcmoo.model.physical.noise import NoiseMemory
from imcmoo.model.physical.operand_sums import OperandSums
from imcmoo.model.physical.parameters import ADC_MODELS, Designs, refuse
from imcmoo.model.physical.shortfalls import needed_macros
from imcmoo.model.physical.switches import Switches
from imcmoo.networks.workloads import BITS, WorkloadSet

Floats = NDArray[np.float64]
Result = TypeVar("Result")

CHUNK_DESIGNS = 4096
"""Designs that one thread works on at once: bounds memory, and small arrays fit the cache."""
CHUNK_NUMBERS = 1 << 19
"""Designs × distinct layers, likewise: features of that many must fit a `KeyedMemory`."""
HIGHEST_BITS_PER_CELL = 4


class PhysicalModel:
    """Energy, time, area and signal to noise of every network on many chips at once.

    Args:
        networks: the networks.
        device: "rram" or "sram".
        adc_model: one of zigzag, neurosim_sar, murmann, isaac, where designs have no column of
            that name.
        switches: the physical rules that are on.
        assumptions: the numbers no library gives.
        limits: what circuits must keep for a chip to be feasible.
        deployment: "alone" if a chip holds one network at a time and is rewritten at a switch,
            "together" if it holds all.
        requests_per_switch: images over which a switch is charged.
        input_bits: precision of inputs, one number or one per network, 4 to 8.
        weight_bits: of weights, likewise.
        dynamic: which layers multiply two activations, over all layers in order.
        table: component numbers; the shipped ones by default.

    Raises:
        ValueError: an argument outside what is said here.
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
        dynamic: NDArray[np.bool_] | None = None,
        table: PhysicalTable | None = None,
    ) -> None:
        for name, value, known in (
            ("device", device, tuple(DEVICES)),
            ("adc_model", adc_model, ADC_MODELS),
            ("deployment", deployment, get_args(Deployment)),
        ):
            check_choice(name, value, known)
        if not requests_per_switch >= 1:
            raise ValueError(f"requests_per_switch must be at least 1, got {requests_per_switch}")
        switches = switches or Switches()
        given = assumptions or Assumptions()
        layers = LayerTable.of_workloads(
            networks, input_bits=input_bits, weight_bits=weight_bits, dynamic=dynamic
        )
        self.networks = networks
        self.layers = layers
        self.adc_model = adc_model
        self.context = Context(
            layers=layers,
            sums=OperandSums.of_layers(layers),
            device=DEVICES[device],
            table=table or PhysicalTable.load(),
            given=given,
            switches=switches,
            requests=requests_per_switch if deployment == "alone" else np.inf,
            together=deployment == "together",
            copies=CopiesMemory(layers, switches, deployment, streams=DEVICES[device].streams),
            noise=NoiseMemory(
                layers,
                given,
                DEVICES[device],
                unsigned_inputs=switches.unsigned_inputs,
                perfect_cells=not switches.few_levels,
            ),
            limits=limits or CircuitLimits(),
        )

    @property
    def workload_names(self) -> list[str]:
        """Networks, in the order of the columns of all metrics."""
        return self.networks.names

    @property
    def macs(self) -> NDArray[np.float64]:
        """Multiply-accumulates of one image of each network, shape (W,)."""
        macs: NDArray[np.float64] = self.layers.total(self.layers.macs)
        return macs

    def evaluate(self, columns: Mapping[str, ArrayLike], *, causes: bool = True) -> PhysicalMetrics:
        """Metrics of n designs.

        Args:
            columns: arrays of shape (n,) by the names of `parameters.Designs`; node, supply and
                sizes must be in the component table, whether or not a space lists them.
            causes: whether to find out what binds; else `bound_by` is −1.

        Raises:
            ValueError: a column is missing or a value not covered; says which and what is.
        """
        return self.evaluate_designs(self.designs(columns), causes=causes)

    def evaluate_designs(self, designs: Designs, *, causes: bool = True) -> PhysicalMetrics:
        """As `evaluate`, of designs that are checked."""
        found = PhysicalMetrics.room(len(designs), len(self.networks))
        parts = batches(designs, max(1, min(CHUNK_DESIGNS, CHUNK_NUMBERS // len(self.layers))))
        starts = np.cumsum([0, *map(len, parts)])[:-1].tolist()

        def work(at: int, some: NDArray[np.int64]) -> None:
            found.put(at, metrics(Batch(self.context, designs.take(some)), causes=causes))

        spread(work, starts, parts)
        return found.take(np.argsort(np.concatenate([*parts, np.empty(0, np.int64)])))

    def resources(self, columns: Mapping[str, ArrayLike]) -> PhysicalResources:
        """Exact area, shortfalls and what limits look at of n designs, without energies and times.

        Raises:
            ValueError: as `evaluate`.
        """
        return self.resources_of(self.designs(columns))

    def resources_of(self, designs: Designs) -> PhysicalResources:
        """As `resources`, of designs that are checked."""
        chunks = list(designs.chunks(CHUNK_DESIGNS)) or [designs]
        return PhysicalResources.joined(
            spread(lambda chunk: Batch(self.context, chunk).resources, chunks)
        )

    def screen(self, columns: Mapping[str, ArrayLike]) -> PhysicalResources:
        """As `resources`, but of cells only what is surely missing, and no bits.

        A chip that passes may still lack macros for awkward layers or buffer; `resources` knows.

        Raises:
            ValueError: as `evaluate`.
        """
        return self.screen_of(self.designs(columns))

    def screen_of(self, designs: Designs) -> PhysicalResources:
        """As `screen`, of designs that are checked."""
        chunks = list(designs.chunks(CHUNK_DESIGNS)) or [designs]
        return PhysicalResources.joined(
            spread(lambda chunk: Batch(self.context, chunk).screen(), chunks)
        )

    def needed_cells(self, designs: Designs) -> Floats:
        """Cells that one copy of all weights of each network takes to be resident, shape (n, W)."""
        c = self.context
        need = needed_macros(c.layers, designs, together=c.together, switches=c.switches)
        return need * (designs.rows * designs.cols)[:, None]

    def breakdown(self, columns: Mapping[str, ArrayLike]) -> PhysicalBreakdown:
        """Energy, time and area of a few designs by layer and component.

        Raises:
            ValueError: as `evaluate`.
        """
        layers = [(w.name, layer) for w in self.networks.workloads for layer in w.layers]
        designs = self.designs(columns)
        order = np.argsort(designs.pipelined, kind="stable")
        cut = np.searchsorted(designs.pipelined[order], True)
        parts = [
            break_down(Batch(self.context, designs.take(some)), layers)
            for some in (order[:cut], order[cut:])
            if len(some)
        ]
        return PhysicalBreakdown.joined(parts, order)

    def covered(self, columns: Mapping[str, ArrayLike]) -> Designs:
        """As `designs`, and the component table covers them: `evaluate` will not refuse them.

        Raises:
            DesignRefused: a value is not covered; names the column and what is allowed.
        """
        c = self.context
        designs = self.designs(columns)
        require_coverage(designs, device=c.device, table=c.table, given=c.given)
        return designs

    def designs(self, columns: Mapping[str, ArrayLike]) -> Designs:
        """Design columns as checked arrays.

        Raises:
            ValueError: as `evaluate`, but what only the component table knows.
        """
        designs = Designs.of_columns(columns, adc_model=self.adc_model)
        self.context.device.check(designs)
        highest = HIGHEST_BITS_PER_CELL if self.context.switches.few_levels else 8
        bits = designs.bits_per_cell
        refuse(
            "bits_per_cell", bits, bits > highest, f"at most {highest}: no more are demonstrated"
        )
        return designs


def batches(designs: Designs, size: int) -> list[NDArray[np.int64]]:
    """Indices of the designs that are worked on together, of one schedule each.

    Those of one body are neighbours, so that its features are at hand.
    """
    order = np.argsort(body_keys(designs))
    cut = np.searchsorted(designs.pipelined[order], True)
    return [
        own[at : at + size] for own in (order[:cut], order[cut:]) for at in range(0, len(own), size)
    ]
