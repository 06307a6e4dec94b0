"""Input buffers that give a macro several bytes per access."""

import numpy as np
import pytest

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import DesignRefused, Designs
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import DESIGN, TABLE, columns, columns_of

SIZES = {"rows": 128, "macros_per_tile": 8, "bits_per_cell": 1}
CHIP = DESIGN | SIZES
NETWORKS = WorkloadSet.load(["alexnet"])


def chip(device, words):
    model = PhysicalEvaluator(device, NETWORKS, table=TABLE)
    return Batch(
        model._context, model.designs(columns_of(device, **SIZES, buffer_words=words))
    ).chip


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_an_access_costs_what_cacti_says_and_is_shared_by_its_words(device):
    """At the nominal supply: bytes of 8 macros, 128 deep, or 4 times as wide and 32 deep."""
    usual, wide = (chip(device, words) for words in (1, 4))
    keys = {"node_nm": 32, "banks": 1}
    narrow = TABLE.look_up("buffer", width_bits=64, depth_words=128, **keys)
    wider = TABLE.look_up("buffer", width_bits=256, depth_words=32, **keys)
    for name in ("read", "write"):
        ratio = wide.prices_J[f"buffer_{name}"] / usual.prices_J[f"buffer_{name}"]
        assert ratio == pytest.approx(wider[name] / 4 / narrow[name], rel=1e-12)
    times = wide.rates.buffer_word_s / usual.rates.buffer_word_s
    assert times == pytest.approx(wider["cycle"] / 4 / narrow["cycle"], rel=1e-12)
    assert (wide.prices_J["result"] == usual.prices_J["result"]).all()
    assert (wide.prices_J["glb_read"] == usual.prices_J["glb_read"]).all()


@pytest.mark.parametrize(
    ("words", "changed", "allowed"),
    [
        (3, {}, "a divisor of `rows`"),
        (16, {}, "at most `rows` / 16, or 1"),
        (8, {"macros_per_tile": 32}, "at most 128 / `macros_per_tile`, or 1"),
        (17, {}, "a whole number of 1 to 16"),
    ],
)
def test_words_that_no_buffer_of_the_table_has_are_refused(words, changed, allowed):
    chips = columns(CHIP, **changed, buffer_words=words)
    with pytest.raises(DesignRefused, match=f"buffer_words, design 0: {words} is given, must be"):
        Designs.of_columns(chips)
    with pytest.raises(DesignRefused, match=allowed):
        Designs.of_columns(chips)


def test_the_least_depth_and_the_largest_width_are_allowed():
    shallow = columns(CHIP, buffer_words=8)
    wide = columns(CHIP, rows=256, active_rows=8, macros_per_tile=16, buffer_words=8)
    for chips in (shallow, wide, columns(CHIP, rows=16, active_rows=8)):
        assert len(Designs.of_columns(chips)) == 1


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_stages_of_an_adder_tree_are_refused_on_an_analog_device(device):
    model = PhysicalEvaluator(device, NETWORKS, table=TABLE)
    with pytest.raises(DesignRefused, match="tree_stages, design 0: 2 is given, must be 1 for"):
        model.designs(columns(CHIP, tree_stages=np.array([2])[0]))
