"""Rows of macros, and what the comparison needs once."""

import pytest

from imcmoo.hardware.physical_table import PhysicalTable

ROW = {
    "technology_nm": "22", "architecture": "SRAM", "cell": "6T", "compute_model": "QS",
    "rows": "128", "cols": "64", "voltage_V": "0.8", "input_bits": "2", "weight_bits": "1",
    "adc_bits": "5", "dot_product_length": "32", "n_adc": "16",
}  # fmt: skip
"""A macro whose every value is tabulated."""


@pytest.fixture(scope="session")
def table():
    return PhysicalTable.load()
