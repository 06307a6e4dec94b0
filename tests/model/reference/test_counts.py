"""Action counts of a chip small enough to count on paper."""

import numpy as np
import pytest

from imcmoo.model.reference.counts import (
    ACTIONS,
    KINDS,
    Placement,
    count_actions,
    instances,
    total_actions,
)
from imcmoo.model.reference.mapping import LEVELS, Chips, map_layers
from imcmoo.model.reference.traffic import TRAFFIC
from imcmoo.networks.workloads import DIMENSIONS
from tests.model.reference import scalar_model as plain


def placed(*, streams_weights):
    """Three cycles on 4 rows, 5 columns, 2 macros, 3 tiles and 2 router groups."""
    return Placement(
        cycles=np.array([3]),
        units={n: np.array([v]) for n, v in zip(LEVELS, (1, 4, 5, 2, 3, 2), strict=True)},
        instances={
            n: np.array([v])
            for n, v in {"routers": 2, "buffers": 6, "drivers": 12, "cells": 0}.items()
        },
        cell_bits=np.array([1]),
        cols=np.array([5]),
        macros=np.array([2]),
        streams_weights=streams_weights,
    )


def flow(**traffic):
    """Traffic of one case: what is not given is a share or a number of 1."""
    columns = [name.replace(".", "_") for name in TRAFFIC]
    return np.array([[traffic.get(name, 1.0) for name in columns]])


def test_streamed_weights_pass_from_main_memory_through_the_drivers_into_the_cells():
    place = placed(streams_weights=True)
    counts = count_actions(place, flow(weights_row_all=22.0, weights_tile_share=0.5))
    assert counts.fills["cim_unit.weights"] == 22 // 4
    assert counts.reads["weight_drivers.weights"] == 22 * 5
    assert counts.reads["main_memory.weights"] == 22 * 5 * 2 * (3 * 0.5) * 2
    assert "glb.inputs" not in counts.fills


def test_resident_weights_leave_the_buffer_to_be_filled_from_outside():
    place = placed(streams_weights=False)
    counts = count_actions(place, flow(inputs_glb_fill=7.0, outputs_glb_fill=9.0))
    assert counts.fills["glb.inputs"] == 8 * 7
    assert counts.fills["glb.outputs"] == 8 * 9
    assert not any(name.startswith("main_memory") for name in counts.reads)


def test_bits_become_whole_accesses_and_idle_instances_leak_as_one():
    place = placed(streams_weights=True)
    total = total_actions(place, count_actions(place, flow(weights_row_all=22.0)))[:, 0]
    total = dict(zip(ACTIONS, total, strict=True))
    assert total["weight_drivers.read"] == 12 * 22 * 5 / 5
    assert total["main_memory.read"] == -(-22 * 5 * 2 * 3 * 2 // 128)
    assert total["router.read"] == 2 * 2  # one access for 8 bits of inputs, one for outputs
    assert total["drivers.leak"] == 3 * 12
    assert total["cells.leak"] == 3
    assert total["glb.leak"] == 3


def test_traffic_of_other_columns_is_refused():
    place = placed(streams_weights=True)
    with pytest.raises(ValueError, match="zip"):
        count_actions(place, np.ones((1, len(TRAFFIC) + 1)))


def test_loops_of_one_trip_add_no_rounding_error_to_the_instances_in_use():
    """Cases in which multiplying and dividing by the trips of an axis that is not spread would
    lose the last bit, and so an instance; beside others in which that axis is spread."""
    rng = np.random.default_rng(0)
    shapes = np.stack([rng.choice([1, 3, 16, 55, 120], 300) for _ in DIMENSIONS], axis=1)
    units = np.stack([rng.choice([2, 16, 64], 300) for _ in range(5)], axis=1)
    shapes[:2] = (120, 64, 55, 56, 5, 3, 1, 3), (120, 40, 55, 13, 11, 5, 1, 3)
    units[:2] = (512, 256, 32, 2, 6), (16, 16, 128, 64, 2)
    bits = np.full(300, 4)
    bits[0] = 5
    capacity = np.concatenate([np.ones((300, 1), dtype=np.int64), units], axis=1)
    found = instances(map_layers(shapes, Chips(bits, capacity, streams_weights=False)))
    for case in (0, 1):
        rows, cols, macro, tile, groups = units[case].tolist()
        chip = plain.Chip("rram", int(bits[case]), rows, cols, groups, tile, macro, 2048)
        layer = dict(zip(DIMENSIONS, shapes[case].tolist(), strict=True))
        expected = list(plain.LayerMapping(layer, chip).instances().values())
        assert [found[kind][case] for kind in KINDS] == expected
    assert found["buffers"][:2].tolist() == [11, 110]
