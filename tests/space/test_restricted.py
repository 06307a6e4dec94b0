import numpy as np
import pytest

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Ordinal
from imcmoo.space.restricted import ValueFaults, restricted
from problems import RRAM, SRAM_TECHNOLOGY


def test_a_list_is_a_parameter_in_order_and_one_value_is_shared():
    space = restricted(RRAM, {"rows": [256, 64], "cols": [128], "cycle_s": [1e-9]}, name="own")
    assert space.names == [n for n in RRAM.names if n not in ("cols", "cycle_s")]
    assert space.values_of("rows") == (64, 256)
    assert space.fixed == {**RRAM.fixed, "cols": 128, "cycle_s": 1e-9}
    assert space.size == RRAM.size // (5 * 5 * 6) * 2


def test_what_is_shared_can_become_a_parameter():
    space = restricted(RRAM, {"device": ["sram", "rram"]}, name="own")
    assert space.values_of("device") == ("sram", "rram")
    assert not space.parameters[space.names.index("device")].is_ordered
    assert "device" not in space.fixed


def test_what_depends_on_a_parameter_follows_it():
    space = restricted(SRAM_TECHNOLOGY, {"technology_nm": [22, 7]}, name="own")
    voltage = space.parameters[space.names.index("voltage_V")]
    assert isinstance(voltage, Conditional)
    assert voltage.values_by[7][0] == 0.45
    designs = space.decode(space.random(500, np.random.default_rng(1)))
    assert designs["voltage_V"][designs["technology_nm"] == 22].min() == 0.65
    one = restricted(SRAM_TECHNOLOGY, {"technology_nm": [22]}, name="own")
    assert one.values_of("voltage_V") == voltage.values_by[22]
    assert one.fixed["technology_nm"] == 22


def test_values_it_depended_on_are_asked_for():
    with pytest.raises(ValueFaults, match=r"28 is none of 7, .*; else say voltage_V too"):
        restricted(SRAM_TECHNOLOGY, {"technology_nm": [22, 28]}, name="own")
    both = {"technology_nm": [22, 28], "voltage_V": [0.8, 0.9]}
    assert restricted(SRAM_TECHNOLOGY, both, name="own").values_of("voltage_V") == (0.8, 0.9)


def test_all_faults_are_told_at_once():
    with pytest.raises(ValueFaults) as caught:
        restricted(RRAM, {"row": [1], "cols": [True], "rows": [0], "device": [3]}, name="own")
    assert list(caught.value.faults) == ["row", "cols", "rows", "device"]


def test_a_table_gives_a_row_of_values_for_each_value_of_another_parameter():
    rows = Ordinal("rows", (64, 128))
    active = Conditional("active", rows, {64: (64, 32), 128: (128, 64)})
    space = DesignSpace("two", (rows, active))
    table = {"on": "rows", "values": [[32, 16], [64, 32], [128, 64]]}
    wider = restricted(space, {"rows": [32, 64, 128], "active": table}, name="wider")
    assert wider.parameters[1].values_by == {32: (32, 16), 64: (64, 32), 128: (128, 64)}


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"on": "rows"}, "needs on"),
        ({"on": "rows", "values": [[64, 32]]}, "has 1 rows, rows has 2 values"),
        ({"on": "cols", "values": [[64, 32], [128, 64]]}, "is no parameter with several values"),
        ({"on": "rows", "values": [[64, -1], [128, 64]]}, "-1 is not a whole number"),
        ({"on": "rows", "values": [[64], [128, 64]]}, "different length"),
        ({"on": ["rows"], "values": [[64, 32], [128, 64]]}, "is no parameter with several values"),
    ],
)
def test_a_table_with_a_fault_names_the_parameter(table, fault):
    rows = Ordinal("rows", (64, 128))
    active = Conditional("active", rows, {64: (64, 32), 128: (128, 64)})
    space = DesignSpace("two", (rows, active))
    with pytest.raises(ValueFaults, match=f"active: .*{fault}"):
        restricted(space, {"active": table}, name="faulty")
