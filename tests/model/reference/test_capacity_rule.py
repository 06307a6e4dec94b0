"""The paper's capacity rule: which weights of a network count."""

from dataclasses import replace

import numpy as np

from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.profiles import needed_weights
from imcmoo.networks.workloads import BITS, WorkloadSet
from problems import RRAM, SRAM
from tests.fakes import network


def test_groups_do_not_count():
    """A depthwise layer of 72 channels counts as one of its channels, as in the paper's code."""
    one = network([(64, 32, 7, 7, 3, 3, 1, 1)])
    two = network([(64, 32, 7, 7, 3, 3, 1, 1), (1, 1, 14, 14, 5, 5, 72, 1)])
    assert needed_weights(WorkloadSet((one,))).tolist() == [64 * 32 * 9]
    assert needed_weights(WorkloadSet((two,))).tolist() == [64 * 32 * 9 + 25]


def test_shared_weights_count_once():
    """A matrix used at two places of a network is in the chip's cells once."""
    two = network([(64, 32, 7, 7, 3, 3, 1, 1), (64, 32, 14, 14, 3, 3, 1, 1)])
    shared = replace(two, shared_with=("", "layer0"))
    assert needed_weights(WorkloadSet((two,))).tolist() == [2 * 64 * 32 * 9]
    assert needed_weights(WorkloadSet((shared,))).tolist() == [64 * 32 * 9]
    assert WorkloadSet((two,)).fingerprint != WorkloadSet((shared,)).fingerprint


def missing_cells(net, space, **values):
    """Cells that the smallest design with these values lacks."""
    design = {name: np.array([values.get(name, space.values_of(name)[0])]) for name in space.names}
    screened = Evaluator(space, WorkloadSet((net,))).screen(space.encode(design))
    return screened.resources["cells"].missing.tolist()


def test_missing_cells_follow_from_the_weights_that_count_and_the_groups():
    net = network([(64, 512, 7, 7, 3, 3, 1, 1), (1, 1, 14, 14, 5, 5, 72, 1)])
    cells = 32 * 32 * 32 * 4 * 4
    needed = BITS * (64 * 512 * 9 + 25)
    assert missing_cells(net, RRAM, bits_per_cell=1, router_groups=32) == [[needed - cells]]
    # A depthwise layer of 72 channels on 16 macros lacks 56, however few weights it has.
    groups = network([(1, 1, 14, 14, 5, 5, 72, 1)])
    few = missing_cells(groups, RRAM, bits_per_cell=1, rows=32, cols=64, router_groups=1)
    assert few == [[(72 - 4 * 4) * 32 * 64]]
    assert missing_cells(net, SRAM) == [[0]]  # streamed weights
