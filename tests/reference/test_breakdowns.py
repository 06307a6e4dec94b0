"""Recorded single-layer runs: what maps, action counts, energies and areas by component."""

from dataclasses import fields

import numpy as np
import pytest

from imcmoo.model.reference.counts import MappingSummary, count_actions
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.mapping import AXES, Chips, map_layers
from imcmoo.model.reference.traffic import TRAFFIC, Nests, traffic
from imcmoo.networks.workloads import DIMENSIONS, Workload, WorkloadSet
from problems import RRAM
from tests.model.reference.scalar_model import Chip, LayerMapping
from tests.reference import records

pytestmark = records.of_every_source

KINDS = {
    "router": "routers",
    "input_buffer": "buffers",
    "output_buffer": "buffers",
    "cim_unit": "cells",
}


def _runs(source, device, *, maps):
    """The recorded runs of a device that map, or do not."""
    every = records.breakdowns(source)
    return [r for r in every if r["device"] == device and r["maps"] == maps]


def _alone(workload, layer):
    """A network of one layer of a shipped network."""
    whole = Workload.load(workload)
    i = whole.layers.index(layer)
    whole_net = ("name", "provenance", "measured", "images")
    per_layer = [f.name for f in fields(whole) if f.name not in whole_net]
    cut = {field: getattr(whole, field)[i : i + 1] for field in per_layer}
    return WorkloadSet((Workload(workload, **cut),))


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_exactly_what_does_not_map_is_predicted_not_to(source, device):
    """SRAM chips stream their weights: no recorded layer failed there."""
    failed = _runs(source, device, maps=False)
    assert bool(failed) == (device == "rram")
    for run in _runs(source, device, maps=True) + failed:
        mapping = LayerMapping(_layer(run), _scalar_chip(run))
        assert (mapping.fits and any(True for _ in mapping.splits())) == run["maps"]
        assert (_mapped(run).passes[0] == 1) == mapping.fits


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_action_counts_and_instances_are_equal(source, device):
    """For RRAM in one of the loop orders; for SRAM in the default one, which all records have."""
    for run in _runs(source, device, maps=True):
        mapping = _mapped(run)
        scalar = LayerMapping(_layer(run), _scalar_chip(run))
        splits = list(scalar.splits()) if device == "rram" else [scalar.default_split()]
        top, inner = (
            np.array([[t[a] for a in AXES] for t in side]) for side in zip(*splits, strict=True)
        )
        case = np.zeros(len(splits), dtype=int)
        lone = np.full(len(splits), run["router_groups"] == 1)
        nests = Nests(AXES, mapping.spatial[case], mapping.residual[case], top, inner, lone)
        flow = traffic(nests, weights=device == "sram")
        assert flow.shape == (len(splits), len(TRAFFIC))
        place = MappingSummary.from_mapping(mapping)
        counts = count_actions(place.take(case), flow)
        equal = np.ones(len(splits), dtype=bool)
        for what in ("reads", "fills", "updates"):
            for name, bits in getattr(counts, what).items():
                component, operand = name.split(".")
                recorded = run["actions"][component][operand.capitalize()]
                equal &= bits == recorded[what]
                kind = KINDS.get(component, "drivers")
                if component not in ("glb", "main_memory"):
                    assert place.instances[kind][0] == recorded["utilized_instances"]
        assert equal.any(), (run["workload"], run["layer"])


def test_energy_and_area_by_component_are_equal(source):
    for run in _runs(source, "rram", maps=True):
        evaluator = Evaluator(RRAM, _alone(run["workload"], run["layer"]))
        levels = RRAM.encode({n: np.array([run[n]]) for n in records.DESIGN})
        ours = evaluator.breakdown(levels, rounding="reference")
        assert ours.cycles[0, 0] == run["cycles"]
        for component, energy in run["component_energy_J"].items():
            i = ours.components.index(component)
            assert ours.energy_J[0, 0, i] == pytest.approx(energy, rel=1e-9, abs=0), component
        for component, area in run["component_area_mm2"].items():
            i = ours.components.index(component)
            assert ours.area_m2[0, i] * 1e6 == pytest.approx(area, rel=1e-9, abs=0), component


UNITS = ("rows", "cols", "macros_per_tile", "tiles_per_group", "router_groups")


def _scalar_chip(run):
    rows, cols, macros, tiles, groups = (run[n] for n in UNITS)
    sizes = (rows, cols, groups, tiles, macros, run["glb_depth"])
    return Chip(run["device"], run["bits_per_cell"], *sizes)


def _layer(run):
    """Loop sizes of the layer that ran, by dimension."""
    network = Workload.load(run["workload"])
    sizes = network.shapes[network.layers.index(run["layer"])]
    return dict(zip(DIMENSIONS, sizes.tolist(), strict=True))


def _mapped(run):
    units = [[1, *(run[n] for n in UNITS)]]
    chips = Chips(np.array([run["bits_per_cell"]]), np.array(units), run["device"] == "sram")
    return map_layers(np.array([list(_layer(run).values())]), chips)
