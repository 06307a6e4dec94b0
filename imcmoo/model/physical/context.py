"""Data and caches shared by all designs of one physical model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, get_args

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import check_choice, did_you_mean_or_known
from imcmoo.keyed_cache import KeyedCache
from imcmoo.model.cost_model import Deployment
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.buffer_cache import BufferCache
from imcmoo.model.physical.components import MemoryCell, Switches, Technology
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.memory_cells import MEMORY_CELLS, memory_cell
from imcmoo.model.physical.noise.model import NoiseModel
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.model.physical.predicted_accuracy import (
    CircuitNoise,
    Operands,
    OwnNoise,
    PredictedAccuracy,
)
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import BITS, Workload, WorkloadSet


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

    @classmethod
    def of_networks(
        cls,
        networks: WorkloadSet,
        *,
        device: str,
        adc_model: str = ADC_MODELS[0],
        switches: Switches | None = None,
        assumptions: Assumptions | None = None,
        limits: CircuitLimits | None = None,
        deployment: Deployment = "alone",
        requests_per_switch: float = 1e6,
        input_bits: int | Sequence[int] = BITS,
        weight_bits: int | Sequence[int] = BITS,
        weight_clip: float | Sequence[float] = 1.0,
        layers_digital: Mapping[str, Sequence[str]] | None = None,
        kv_bits: int | Sequence[int] = BITS,
        weights_of: Mapping[str, str] | None = None,
        joined: Sequence[Workload] = (),
        interleaved: bool = False,
        common_cache: bool | None = None,
        table: PhysicalTable | None = None,
        accuracy: Mapping[str, AccuracyData] | None = None,
        max_accuracy_drop: Mapping[str, float] | None = None,
        circuit_noise: CircuitNoise | None = None,
        own_noise: CircuitNoise | None = None,
        noise_of: tuple[NoiseModel, int] | None = None,
    ) -> Context:
        """Prepare the evaluation of chips of one device for some networks.

        Args:
            networks: the networks; products of two activations run on the digital unit.
            device: a name in `imcmoo.model.physical.memory_cells.MEMORY_CELLS`.
            adc_model: ADC model of designs without that column, a name in
                `imcmoo.model.physical.parameters.ADC_MODELS`.
            switches: physical rules. If None, all are on.
            assumptions: numbers that no library gives. If None, their defaults.
            limits: circuit limits. If None, those of the device.
            deployment: "alone" if a chip holds one network at a time and is rewritten at a switch,
                "together" if it holds all.
            requests_per_switch: images over which a switch is charged; infinite for no charge.
            input_bits: precision of inputs, one number or one per network, 4 to 8.
            weight_bits: precision of weights, likewise.
            weight_clip: largest stored weight as a share of the largest of its layer, one number or
                one per network; execution uses that of its channel.
            layers_digital: layers on the digital unit, by network; their weights are in the global
                buffer. If None, none.
            kv_bits: precision of cached keys and values, one number or one per network; 4, 8 or 16.
            weights_of: owner of the weights of a network, by name, if it is another network. If
                None, each network has its own weights.
            joined: further networks that share weights and cache with the only one of `networks`;
                they are not evaluated. An owner comes first.
            interleaved: True if requests of other networks may come between two inferences. A
                network with the weights of another then pays for loading them.
            common_cache: True if the caches of all networks stay in the buffer. If None, with
                deployment "together" and if `interleaved`.
            table: component table. If None, the shipped one.
            accuracy: accuracy data by network. If None, there are none.
            max_accuracy_drop: largest drop below the float score by network. If None, no limit.
            circuit_noise: computes the noise of layers; required with `accuracy`.
            own_noise: computes the noise of layers from the columns of `accuracy`, for the SNR. If
                None, distributions are assumed for all networks.
            noise_of: noise model of several networks to reuse, and the index of this network in it.
                If None, a noise model is made.

        Raises:
            ValueError: an argument is out of range, or accuracy data lack the precision of a
                network.
        """
        _check_settings(adc_model, deployment, requests_per_switch)
        digital = layers_digital or {}
        group = WorkloadSet((*networks.workloads, *joined))
        precision = (input_bits, weight_bits, weight_clip)
        all_layers = _layer_table(group, digital, precision, kv_bits, weights_of)
        layers = all_layers.part(0, len(networks)) if joined else all_layers
        technology = _technology(device, table, assumptions, switches, layers)
        limits = _checked_limits(limits, technology.device)
        operands = _operands(len(networks), *precision)
        measured = own_noise and _own_noises(
            networks.names, accuracy or {}, own_noise, operands, digital
        )
        predicted = _predicted_accuracy(
            networks.names,
            accuracy,
            circuit_noise,
            max_drop=max_accuracy_drop or {},
            technology=technology,
            operands=operands,
            digital=digital,
        )
        co_resident = deployment == "together"
        common = co_resident or interleaved if common_cache is None else common_cache
        cache = _cache(group, all_layers, co_resident=co_resident, common=common)
        context = cls(
            **vars(technology),
            layers=layers,
            adc_model=adc_model,
            inferences_per_switch=np.inf if co_resident else requests_per_switch,
            co_resident=co_resident,
            noise=NoiseModel(layers, technology, own=measured or {}, part_of=noise_of),
            limits=limits,
            accuracy=predicted,
            pays_switches=~layers.followers | interleaved,
            cache=cache and cache.take(slice(len(networks))),
            common_cache=cache is not None and common,
        )
        if not joined or not layers.followers.any():
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
        )

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


def _check_settings(adc_model: str, deployment: Deployment, requests_per_switch: float) -> None:
    check_choice("adc_model", adc_model, ADC_MODELS)
    check_choice("deployment", deployment, get_args(Deployment))
    if not requests_per_switch >= 1:
        raise ValueError(f"requests_per_switch must be at least 1, got {requests_per_switch}")


def _layer_table(
    networks: WorkloadSet,
    digital: Mapping[str, Sequence[str]],
    precision: tuple[int | Sequence[int], int | Sequence[int], float | Sequence[float]],
    kv_bits: int | Sequence[int],
    weights_of: Mapping[str, str] | None,
) -> LayerTable:
    """Layers of networks; `precision` has bits of inputs and weights, and the clip of weights."""
    input_bits, weight_bits, weight_clip = precision
    return LayerTable.of_workloads(
        networks,
        input_bits=input_bits,
        weight_bits=weight_bits,
        weight_clip=weight_clip,
        dynamic=np.concatenate([np.array(w.dynamic, bool) for w in networks.workloads]),
        digital=_named_layers(networks, digital),
        kv_bits=kv_bits,
        weights_of=weights_of,
    )


def _operands(n_networks: int, *precision: float | Sequence[float]) -> list[Operands]:
    """Precision of each network from numbers that hold for all or for one each."""
    columns = [np.broadcast_to(values, n_networks).tolist() for values in precision]
    return [Operands(*each) for each in zip(*columns, strict=True)]


def _own_noises(
    names: Sequence[str],
    accuracy: Mapping[str, AccuracyData],
    noise: CircuitNoise,
    operands: Sequence[Operands],
    digital: Mapping[str, Sequence[str]],
) -> dict[int, OwnNoise]:
    """Noise from the columns of accuracy data, by index of the networks that have these."""
    return {
        at: OwnNoise(accuracy[name], noise, operands[at], digital.get(name, ()))
        for at, name in enumerate(names)
        if name in accuracy
    }


def _predicted_accuracy(
    names: Sequence[str],
    accuracy: Mapping[str, AccuracyData] | None,
    noise: CircuitNoise | None,
    **settings: Any,
) -> PredictedAccuracy | None:
    """Predicted accuracy of the networks; None without accuracy data."""
    if not accuracy:
        return None
    if noise is None:
        raise ValueError("accuracy needs `circuit_noise`")
    return PredictedAccuracy(names, accuracy, noise, **settings)


def _cache(
    networks: WorkloadSet, layers: LayerTable, *, co_resident: bool, common: bool
) -> BufferCache | None:
    """Cached keys and values in the buffer; None if no network has any."""
    if not any(network.has_cache for network in networks.workloads):
        return None
    held = held_weight_bits(layers, co_resident=co_resident)
    return BufferCache.of_layers(layers, held, common=common)


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
