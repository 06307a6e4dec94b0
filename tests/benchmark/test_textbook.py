import pytest

from imcmoo.benchmark import textbook
from imcmoo.hardware.component_table import ComponentTable


def test_the_shipped_table_is_that_of_the_formulas(tmp_path):
    textbook.write(tmp_path / "table.npz")
    ours, shipped = (ComponentTable.load(p) for p in (tmp_path / "table.npz", textbook.TABLE))
    assert ours.fingerprint == shipped.fingerprint
    assert shipped.metadata["licences"] == {"all numbers": "MIT"}


def test_costs_are_those_of_their_sources():
    """Computed by hand from the sources in the module text."""
    table = ComponentTable.load(textbook.TABLE)
    assert table.main_memory_J_per_bit == pytest.approx(20.3e-12, rel=0.01)
    adder = table.look_up("adder", node_nm=32, bits=16)
    assert adder["energy"] == pytest.approx(0.05e-12 * 32 / 45)
    assert adder["area"] == pytest.approx(68.5e-12 * (32 / 45) ** 2)
    # 8 KiB, words of 64 bits: 10 pJ at 45 nm.
    buffer = table.look_up("buffer", node_nm=32, width_bits=64, depth_words=1024)
    assert buffer["read"] == pytest.approx(10e-12 * 32 / 45)
    # 0.346 µm² at 45 nm.
    sram = table.crossbar("sram", 32, 0.5, 128, 256)
    assert sram["cell_area"] == pytest.approx(0.175e-12, rel=0.01)
    assert sram["adc_area"] == pytest.approx(256 * 150e-12)
    # Two off transistors of 64 nm at 10 pA per µm and 0.5 V.
    assert sram["cell_leak"] == pytest.approx(2 * 0.064 * 10e-12 * 0.5)
    assert table.crossbar("rram", 32, 0.5, 128, 256)["cell_read_high"] == pytest.approx(2.5e-15)
