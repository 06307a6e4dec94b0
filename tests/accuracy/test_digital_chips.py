"""Networks on digital chips: their outputs are those of integer execution."""

from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime")
needs("dev", "sklearn")

from experiments.edge_networks.data import write_digits, write_digits_cnn
from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.simulation import Simulation
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import Designs
from tests.model.physical.designs import columns_of

SIZES = (
    # rows, active_rows, input_slice_bits, columns_per_adc, tree_stages
    (128, 128, 1, 1, 4),
    (64, 16, 4, 2, 1),
)


def circuits(**precision):
    """Circuits of digital chips of several sizes."""
    dimc = MEMORY_CELLS["dimc"]
    names = ("rows", "active_rows", "input_slice_bits", "columns_per_adc", "tree_stages")
    for sizes in SIZES:
        chip = columns_of("dimc", **dict(zip(names, sizes, strict=True)))
        designs = Designs.of_columns(chip, defaults=dimc.defaults)
        (circuit,) = Circuit.of_designs(designs, dimc, Assumptions())
        yield replace(circuit, **precision)


@pytest.mark.parametrize(
    ("make", "precision"),
    [(write_digits, {}), (write_digits_cnn, {"input_bits": 5, "weight_bits": 4})],
)
def test_outputs_on_a_digital_chip_are_those_of_the_integers(make, precision, tmp_path):
    assessed = Assessment(*make(tmp_path), samples=20)
    for circuit in circuits(**precision):
        simulation = Simulation(assessed.network, circuit, assessed.calibration, ())
        simulation.manufacture(0)
        on_chip, integers = map(assessed.outputs, (simulation.run, simulation.run_integers))
        assert any(np.ptp(values) for values in integers.values())
        for name, values in integers.items():
            np.testing.assert_array_equal(on_chip[name], values, strict=True)
