"""Data and caches shared by all designs of one physical model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import check_choice, did_you_mean_or_known
from imcmoo.keyed_cache import KeyedCache
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.buffer_cache import BufferCache
from imcmoo.model.physical.components import MemoryCell, Switches, Technology
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.memory_cells import MEMORY_CELLS, memory_cell
from imcmoo.model.physical.noise.model import NoiseModel
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.model.physical.predicted_accuracy import (
    MeasuredNetworks,
    OwnNoise,
    PredictedAccuracy,
)
from imcmoo.model.physical.settings import ChipSharing, Operands, stated
from imcmoo.networks.workloads import WorkloadSet


@dataclass(frozen=True, eq=False, kw_only=True)
class Context(Technology):
    """Data and caches shared by all designs of a model. Create it with `of_networks`.

    Args:
        layers: layers of all networks.
        adc_model: ADC model of designs without that column.
        inferences_per_switch: images over which a network switch is charged; infinite for none.
        co_resident: True if all networks are on the chip.
        pays_switches: True for networks whose weights are written at a switch, shape (W,).
        owner: data of the owner of the weights, for a single network that uses those of another.
        cache: caches in the global buffer; None if no network has one.
        common_cache: True if caches stay in the buffer while other networks run.
        noise: SNR by circuit.
        limits: circuit limits.
        accuracy: predicted accuracy; None if no network has data.
        features: features by mapping key, resident and streamed.
        shortfalls: capacity shortfalls by mapping key.
        replications: replication of layers by array and number of macros.
        operations: operations of networks by mapping key, for bounds; by schedule and size of the
            digital unit.
    """

    layers: LayerTable
    adc_model: str
    inferences_per_switch: float
    co_resident: bool
    pays_switches: Bools
    noise: NoiseModel
    limits: CircuitLimits
    accuracy: PredictedAccuracy | None = None
    owner: Context | None = None
    cache: BufferCache | None = None
    common_cache: bool = False
    features: tuple[KeyedCache, KeyedCache] = field(
        default_factory=lambda: (KeyedCache(), KeyedCache())
    )
    shortfalls: KeyedCache = field(default_factory=KeyedCache)
    replications: KeyedCache = field(default_factory=lambda: KeyedCache(np.inf, rows_at_once=2048))
    operations: dict[tuple[bool, float], KeyedCache] = field(default_factory=dict)

    @classmethod
    def of_networks(
        cls,
        networks: WorkloadSet,
        *,
        device: str,
        adc_model: str = ADC_MODELS[0],
        operands: Operands | None = None,
        sharing: ChipSharing | None = None,
        switches: Switches | None = None,
        assumptions: Assumptions | None = None,
        limits: CircuitLimits | None = None,
        table: PhysicalTable | None = None,
        measured: MeasuredNetworks | None = None,
        noise_of: tuple[NoiseModel, int] | None = None,
    ) -> Context:
        """Prepare the evaluation of chips of one device for some networks.

        Args:
            networks: the networks; products of two activations run on the digital unit.
            device: a name in `imcmoo.model.physical.memory_cells.MEMORY_CELLS`.
            adc_model: ADC model of designs without that column, a name in
                `imcmoo.model.physical.parameters.ADC_MODELS`.
            operands: how operands are stored. If None, by the defaults.
            sharing: how the networks share a chip. If None, by the defaults.
            switches: physical rules. If None, all are on.
            assumptions: numbers that no library gives. If None, their defaults.
            limits: circuit limits. If None, those of the device.
            table: component table. If None, the shipped one.
            measured: accuracy data of networks. If None, there are none.
            noise_of: noise model of several networks to reuse, and the index of this network in it.
                If None, a noise model is made.

        Raises:
            ValueError: an argument is out of range, or accuracy data lack the precision of a
                network.
        """
        check_choice("adc_model", adc_model, ADC_MODELS)
        operands, sharing = operands or Operands(), sharing or ChipSharing()
        group = WorkloadSet((*networks.workloads, *sharing.joined))
        all_layers = _layer_table(group, operands)
        layers = all_layers.part(0, len(networks)) if sharing.joined else all_layers
        technology = _technology(device, table, assumptions, switches, layers)
        limits = _checked_limits(limits, technology.device)
        own = _own_noises(networks.names, measured, operands)
        cache = _cache(group, all_layers, sharing)
        context = cls(
            **vars(technology),
            layers=layers,
            adc_model=adc_model,
            inferences_per_switch=sharing.inferences_per_switch,
            co_resident=sharing.co_resident,
            noise=NoiseModel(layers, technology, own=own, part_of=noise_of),
            limits=limits,
            accuracy=_predicted_accuracy(networks.names, measured, operands, technology),
            pays_switches=~layers.followers | sharing.interleaved,
            cache=cache and cache.take(slice(len(networks))),
            common_cache=cache is not None and sharing.keeps_caches,
        )
        if not sharing.joined or not layers.followers.any():
            return context
        return replace(context, owner=context._of_owner(all_layers.part(1, 2), cache))

    def _of_owner(self, layers: LayerTable, cache: BufferCache | None) -> Context:
        """This context for the owner of the weights, the second network of `cache`."""
        return replace(
            self,
            layers=layers,
            pays_switches=np.ones(1, bool),
            accuracy=None,
            cache=cache and cache.take(slice(1, 2)),
            features=(KeyedCache(), KeyedCache()),
            shortfalls=KeyedCache(),
            replications=KeyedCache(np.inf, rows_at_once=2048),
            operations={},
        )

    def with_assumptions(self, assumptions: Assumptions) -> Context:
        """A context with other assumptions.

        It shares the caches of features, shortfalls and replications, which depend on none, noise
        and accuracy, unless an assumption that decides noise differs, and operations, unless the
        width of partial sums differs.
        """
        widths = (each.widest_sum_bits.value for each in (self.assumptions, assumptions))
        operations = self.operations if len({*widths}) == 1 else {}
        other = replace(self, assumptions=assumptions, operations=operations)
        noise = self.noise.with_technology(other)
        accuracy = self.accuracy and self.accuracy.with_technology(other)
        owner = self.owner and replace(self.owner, assumptions=assumptions, noise=noise)
        return replace(other, noise=noise, accuracy=accuracy, owner=owner)

    @cached_property
    def held_weight_bits(self) -> Floats:
        """Weights in the global buffer while each network runs, bits, shape (W,)."""
        return held_weight_bits(self.layers, co_resident=self.co_resident)

    @property
    def switches_networks(self) -> bool:
        """True if a network switch writes weights."""
        return bool(np.isfinite(self.inferences_per_switch)) and self.switches.placement

    def loads(self, *, streamed: bool) -> Floats:
        """Number of times the weights of each network are loaded per image, shape (W,)."""
        if streamed:
            return np.ones(self.layers.n_networks)
        at_switch = 1 / self.inferences_per_switch if self.switches_networks else 0.0
        loads: Floats = np.where(self.pays_switches, at_switch, 0.0)
        return loads


def held_weight_bits(layers: LayerTable, *, co_resident: bool) -> Floats:
    """Weights for the digital unit in the global buffer, bits, by network, shape (W,)."""
    held = layers.held_bits
    if not co_resident:
        return held
    owners = held[~layers.followers] if layers.followers.any() else held
    return np.broadcast_to(owners.sum(), held.shape)


def _technology(
    device: str,
    table: PhysicalTable | None,
    assumptions: Assumptions | None,
    switches: Switches | None,
    layers: LayerTable,
) -> Technology:
    """The components of a device at the widest operands of the layers."""
    cell, table = memory_cell(device), table or PhysicalTable.load()
    if table.is_open and not cell.exact:
        served = ", ".join(name for name, each in MEMORY_CELLS.items() if each.exact)
        raise ValueError(f"components: the open table serves {served} only, not {cell.name}")
    return Technology(
        device=cell,
        table=table,
        assumptions=assumptions or Assumptions(),
        switches=switches or Switches(),
        input_bits=int(layers.input_bits.max()),
        weight_bits=int(layers.weight_bits.max()),
    )


def _checked_limits(limits: CircuitLimits | None, cell: MemoryCell) -> CircuitLimits:
    """The limits, by default those of the device; refuses one on the SNR of exact sums."""
    limits = limits or CircuitLimits.of_device(cell.name)
    if cell.exact and limits.snr_dB > -np.inf:
        raise ValueError(
            f"compute_snr_limit_dB = {limits.snr_dB:g} is given, must be -inf on {cell.name}: "
            "its sums are exact"
        )
    return limits


def _layer_table(networks: WorkloadSet, operands: Operands) -> LayerTable:
    """Layers of networks with their operands."""
    given = stated(operands)
    digital = given.pop("layers_digital", {})
    return LayerTable.of_workloads(
        networks,
        dynamic=np.concatenate([np.array(w.dynamic, bool) for w in networks.workloads]),
        digital=_named_layers(networks, digital),
        **given,
    )


def _own_noises(
    names: Sequence[str], measured: MeasuredNetworks | None, operands: Operands
) -> dict[int, OwnNoise]:
    """Noise from the columns of accuracy data, by index of the networks that have these."""
    if measured is None or measured.own_noise is None:
        return {}
    return {
        at: OwnNoise(
            measured.accuracy[name],
            measured.own_noise,
            operands.precision(at),
            operands.digital(name),
        )
        for at, name in enumerate(names)
        if name in measured.accuracy
    }


def _predicted_accuracy(
    names: Sequence[str],
    measured: MeasuredNetworks | None,
    operands: Operands,
    technology: Technology,
) -> PredictedAccuracy | None:
    """Predicted accuracy of the networks; None without accuracy data."""
    if measured is None or not measured.accuracy:
        return None
    return PredictedAccuracy(
        names,
        measured.accuracy,
        measured.circuit_noise,
        max_drop=measured.max_accuracy_drop or {},
        technology=technology,
        precisions=[operands.precision(at) for at in range(len(names))],
        digital=operands.layers_digital or {},
        filter_factor=measured.filter_factor,
        failed=measured.failed,
    )


def _cache(networks: WorkloadSet, layers: LayerTable, sharing: ChipSharing) -> BufferCache | None:
    """Cached keys and values in the buffer; None if no network has any."""
    if not any(network.has_cache for network in networks.workloads):
        return None
    held = held_weight_bits(layers, co_resident=sharing.co_resident)
    return BufferCache.of_layers(layers, held, common=sharing.keeps_caches)


def _named_layers(networks: WorkloadSet, named: Mapping[str, Sequence[str]]) -> Bools:
    """True for the named layers, over all layers in order; refuses unknown names."""
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
