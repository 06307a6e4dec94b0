"""Latency of sequential networks and their bottleneck."""

import numpy as np

from imcmoo.model.physical.latency import CAUSES, LayerTimes, sequential_latency
from imcmoo.model.physical.layers import LayerTable
from imcmoo.networks.workloads import WorkloadSet


def test_of_equal_causes_the_first_binds():
    """One layer takes equally long on three resources, and so do its loads."""
    layers = LayerTable.of_workloads(WorkloadSet.load(["alexnet"]))
    zero, one, two = (np.full((1, len(layers)), value) for value in (0.0, 1.0, 2.0))
    times = LayerTimes(zero, (one, two, two, one, two), (one, one, zero))
    latency, bound = sequential_latency(layers, times, np.zeros((1, 1)), causes=True)
    assert latency == 3 * layers.count.sum()
    assert bound == CAUSES.index("glb")
