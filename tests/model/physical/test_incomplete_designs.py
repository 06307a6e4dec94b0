"""Bounds read no column of a free parameter that has no most optimistic value."""

import numpy as np
import pytest

from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bounds.bounded_tree import IncompleteDesigns
from imcmoo.model.physical.parameters import Designs
from problems import SRAM_EXTENDED, STUDIES


@pytest.mark.parametrize("column", ["link_bits", "glb_banks"])
def test_bounds_that_read_a_free_column_without_an_optimum_are_refused(column, monkeypatch):
    spill = Batch.spill_bits.func
    monkeypatch.setattr(
        Batch, "spill_bits", property(lambda self: spill(self) * getattr(self.designs, column)[0])
    )
    with pytest.raises(NoBounds, match=f"no bounds: they read {column}, which has no most"):
        STUDIES["four_workload_sram_extended"].cost_model().partials(800e-6)


def test_a_column_that_is_left_out_cannot_be_read_of_some_of_the_designs():
    levels = np.zeros((1, len(SRAM_EXTENDED.shape)), int)
    designs = Designs.of_columns(SRAM_EXTENDED.decode(levels), adc_model="zigzag")
    incomplete = IncompleteDesigns.without(designs, {"link_bits"})
    for some in (slice(1), np.array([0]), np.array([True])):
        part = incomplete.take(some)
        assert part.rows == designs.rows
        with pytest.raises(NoBounds, match="link_bits"):
            _ = part.link_bits
    assert not hasattr(incomplete, "no_column")
