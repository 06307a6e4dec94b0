"""Random designs: where they lie, and that they are the same every time."""

import numpy as np
import pandas as pd
import pytest

from experiments.silicon import random_designs
from imcmoo.model.physical.parameters import Designs


@pytest.mark.parametrize("device", random_designs.DEVICES)
def test_samples_are_designs_of_the_extended_space(table, device):
    columns = random_designs.sample(4000, device, table, np.random.default_rng(1))
    designs = Designs.of_columns(columns, adc_model="zigzag")
    for name, low, high in (
        ("rows", 32, 1024),
        ("cols", 32, 1024),
        ("bits_per_cell", 1, 4 if device == "rram" else 1),
        ("adc_bits", 3, 10),
        ("columns_per_adc", 1, 64),
        ("macros_per_tile", 4, 128),
        ("tiles_per_group", 2, 64),
        ("router_groups", 1, 64),
        ("glb_KiB", 256, 32768),
        ("glb_banks", 1, 16),
        ("link_bits", 32, 512),
        ("ping_pong", 0, int(device == "sram")),
    ):
        values = getattr(designs, name)
        assert (values.min(), values.max()) == (low, high), name
    share = designs.active_rows / designs.rows
    assert (share.min(), share.max()) == (1 / 32, 1)
    assert not np.any(designs.level_coded & (designs.input_slice_bits > 4))


def test_an_infinite_signal_to_noise_does_not_spoil_percentiles():
    values = pd.DataFrame({"SNR": [1.0, 2.0, np.inf, np.inf, np.nan]})
    row = random_designs.percentiles(values).loc["SNR"]
    assert row[["n", "p5", "p95"]].tolist() == [4, 1.0, np.inf]
