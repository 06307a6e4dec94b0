"""Units on which the weights and products of a network run."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.networks.work_shares import UNKNOWN, WorkShares
from imcmoo.networks.workloads import Workload
from tests.networks.accuracy_data import DATA

NETWORK = Workload(
    name="n",
    layers=("a", "scores", "b", "again", "unmapped"),
    kinds=("MatMul",) * 5,
    shapes=np.array([[2, 3, steps, 1, 1, 1, 1, 1] for steps in (1, 4, 2, 1, 2)]),
    strides=np.ones((5, 2), np.int64),
    input_bits=np.full((5, 8), 0.5),
    weight_bits=np.full((5, 8), 0.5),
    dynamic=(False, True, False, False, False),
    shared_with=("", "", "", "b", ""),
)
"""Six weights each, of which `again` has those of `b`; 6, 24, 12, 6 and 12 products."""


def test_a_network_without_data_runs_on_arrays_and_the_digital_unit():
    ran = WorkShares.of_network(NETWORK, ("b",))
    assert ran.weights == pytest.approx((12 / 18, 6 / 18, 0))
    assert ran.macs == pytest.approx((24 / 60, 36 / 60, 0))


def test_layers_that_are_not_in_the_data_of_a_network_run_in_float():
    data = replace(DATA, layers=DATA.layers[:2])
    ran = WorkShares.of_network(NETWORK, ("b",), data)
    assert ran.weights == pytest.approx((6 / 18, 6 / 18, 6 / 18))
    assert ran.macs == pytest.approx((6 / 60, 12 / 60, 42 / 60))
    columns = ran.to_columns()
    assert columns["macs_on_chip"] == pytest.approx(18 / 60)
    assert columns["macs_on_digital"] == pytest.approx(12 / 60)


def test_what_is_unknown_is_said_to_be():
    text = str(WorkShares(UNKNOWN, (1.0, 0.0, 0.0)))
    assert text.startswith("on arrays: an unknown share of the weights and 100.0% of the")
