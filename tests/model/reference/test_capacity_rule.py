"""The paper's capacity rule: which weights of a network count."""

from dataclasses import replace

import numpy as np

from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.profiles import needed_weights
from imcmoo.networks.workloads import BITS, Workload, WorkloadSet
from problems.rram import RRAM
from problems.sram import SRAM

ONE_CELL_A_BIT = {
    "voltage_V": 0.5,
    "bits_per_cell": 1,
    "cycle_s": 1e-9,
    "rows": 32,
    "cols": 32,
    "router_groups": 32,
    "tiles_per_group": 4,
    "macros_per_tile": 4,
    "glb_depth": 2048,
}


def network(*shapes):
    """Layers with these sizes C, M, P, Q, R, S, G, N."""
    n = len(shapes)
    half = np.full((n, BITS), 0.5)
    names = tuple(f"layer{i}" for i in range(n))
    ones = np.ones((n, 2), dtype=np.int64)
    return Workload("made up", names, ("Conv2d",) * n, np.array(shapes), ones, half, half)


def test_groups_do_not_count():
    """A depthwise layer of 72 channels counts as one of its channels, as in the paper's code."""
    one = network((64, 32, 7, 7, 3, 3, 1, 1))
    two = network((64, 32, 7, 7, 3, 3, 1, 1), (1, 1, 14, 14, 5, 5, 72, 1))
    assert needed_weights(WorkloadSet((one,))).tolist() == [64 * 32 * 9]
    assert needed_weights(WorkloadSet((two,))).tolist() == [64 * 32 * 9 + 25]


def test_shared_weights_count_once():
    """A matrix used at two places of a network is in the chip's cells once."""
    two = network((64, 32, 7, 7, 3, 3, 1, 1), (64, 32, 14, 14, 3, 3, 1, 1))
    shared = replace(two, shared_with=("", "layer0"))
    assert needed_weights(WorkloadSet((two,))).tolist() == [2 * 64 * 32 * 9]
    assert needed_weights(WorkloadSet((shared,))).tolist() == [64 * 32 * 9]
    assert WorkloadSet((two,)).fingerprint != WorkloadSet((shared,)).fingerprint


def test_a_network_without_groups_needs_all_its_weights_and_one_with_groups_fewer():
    workloads = WorkloadSet.load(["vgg16", "resnet18", "mobilenet_v3"])
    needed = needed_weights(workloads)
    assert needed[:2].tolist() == [138_344_128, 11_678_912]
    of_groups = [g * c * m * r * s for c, m, _, _, r, s, g, _ in _shapes(workloads, 2) if g > 1]
    once = [c * m * r * s for c, m, _, _, r, s, g, _ in _shapes(workloads, 2) if g > 1]
    assert workloads.weights[2] - needed[2] == sum(of_groups) - sum(once) > 0


def test_what_is_missing_follows_from_the_weights_that_count():
    net = network((64, 512, 7, 7, 3, 3, 1, 1), (1, 1, 14, 14, 5, 5, 72, 1))
    levels = RRAM.encode({name: np.array([value]) for name, value in ONE_CELL_A_BIT.items()})
    screened = Evaluator(RRAM, WorkloadSet((net,))).screen(levels)
    cells = 32 * 32 * 32 * 4 * 4
    assert screened.resources["cells"].missing.tolist() == [[BITS * (64 * 512 * 9 + 25) - cells]]


def test_every_group_needs_a_macro_of_its_own():
    """A depthwise layer of 72 channels on 16 macros lacks 56, however few weights it has."""
    net = network((1, 1, 14, 14, 5, 5, 72, 1))
    design = ONE_CELL_A_BIT | {"rows": 32, "cols": 64, "router_groups": 1}
    levels = RRAM.encode({name: np.array([value]) for name, value in design.items()})
    screened = Evaluator(RRAM, WorkloadSet((net,))).screen(levels)
    assert screened.resources["cells"].missing.tolist() == [[(72 - 4 * 4) * 32 * 64]]


def test_streamed_weights_lack_no_cells():
    net = network((64, 512, 7, 7, 3, 3, 1, 1), (1, 1, 14, 14, 5, 5, 72, 1))
    smallest = np.zeros((1, len(SRAM.names)), dtype=np.int64)
    screened = Evaluator(SRAM, WorkloadSet((net,))).screen(smallest)
    assert screened.resources["cells"].own[0] < needed_weights(WorkloadSet((net,)))[0]
    assert screened.resources["cells"].missing.tolist() == [[0]]


def _shapes(workloads, index):
    return workloads.workloads[index].shapes.tolist()
