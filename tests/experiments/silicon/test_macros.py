"""Tables of macros: read as they stand or refused; each row is covered or has its reason."""

import math

import pandas as pd
import pytest
from hypothesis import given as random
from hypothesis import settings
from hypothesis import strategies as st

from experiments.silicon.macros import ADDED, MEASURED, NEEDED, SHIPPED, judged, read
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import InputError
from imcmoo.model.physical.macro import macro_costs
from imcmoo.model.physical.parameters import ADC_MODELS
from tests.experiments.silicon.conftest import ROW

HEADER = ",".join(NEEDED)
LINE = "28,SRAM,0.9,64,64,1,1,4,64,64"


def test_shipped_table_has_every_column_and_all_rows():
    frame = read(SHIPPED)
    optional = {"year", "venue", "title", "cell", "core_kbit", "compute_model", "tops_1b"}
    optional |= {*MEASURED, "IMC_Processor", "alpha"}
    assert {*NEEDED, *optional} == set(frame)
    assert len(frame) == 72


def test_cells_stand_as_they_were(tmp_path):
    path = tmp_path / "macros.csv"
    path.write_text(f'{HEADER},note\n{LINE.replace("0.9", " 0.90 ")},"a, b"\n\n')
    frame = read(path)
    assert frame["voltage_V"].tolist() == [" 0.90 "]
    assert frame["note"].tolist() == ["a, b"]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("rows,cols", "the header lacks technology_nm, architecture"),
        (f"{HEADER},{ADDED[0]}", "has what the comparison adds, covered"),
    ],
)
def test_what_is_no_table_of_macros_is_refused(tmp_path, header, told):
    path = tmp_path / "macros.csv"
    path.write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    with pytest.raises(InputError, match=told):
        read(path)


TABLE = PhysicalTable.load()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architecture": "Digital"}, "digital"),
        ({"compute_model": "dimc"}, "digital"),
        ({"cell": "12T+D"}, "digital (its cell computes)"),
        ({"architecture": ""}, "no architecture given"),
        ({"architecture": "eDRAM"}, "architecture 'eDRAM' is neither SRAM nor non-volatile"),
        ({"technology_nm": ""}, "not published: technology_nm"),
        ({"technology_nm": "65"}, "65 nm is outside 7 to 45 nm"),
        ({"technology_nm": "5"}, "5 nm is outside 7 to 45 nm"),
        ({"rows": "", "n_adc": ""}, "not published: rows, n_adc"),
        ({"rows": "many"}, "rows 'many' is not a number"),
        ({"cols": "-64"}, "cols -64 is not a positive number"),
        ({"adc_bits": "0"}, "adc_bits 0 is not a positive number"),
        ({"n_adc": "inf"}, "n_adc inf is not a positive number"),
        ({"input_bits": "0.5"}, "input_bits 0.5 is below 1"),
        ({"input_bits": "9"}, "input_bits 9 is above 8"),
        ({"adc_bits": "28"}, "adc_bits 28 is above 16"),
        ({"voltage_V": "0.45"}, "0.45 V is outside the 0.5 to 1.2 V tabulated at 22 nm"),
        ({"voltage_V": "1.8"}, "1.8 V is outside the 0.5 to 1.2 V tabulated at 22 nm"),
        ({"voltage_V": "0.7; 0.9"}, "voltage_V '0.7; 0.9' is not a number"),
        ({"rows": "4096"}, "4096 rows are more than 2 times off the 1024 tabulated"),
        ({"cols": "7"}, "7 cols are more than 2 times off the 16 tabulated"),
        ({"dot_product_length": "200"}, "dot product of 200 is longer than the array's rows"),
    ],
)
def test_a_row_left_out_says_why(table, change, reason):
    macro = judged(pd.DataFrame([ROW | change]), table).iloc[0]
    assert not macro["covered"]
    assert macro["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason", "taken"),
    [
        ({"technology_nm": "28"}, "28 nm as 32 nm", {"node_nm": 32}),
        ({"technology_nm": "12"}, "12 nm as 14 nm", {"node_nm": 14}),
        ({"voltage_V": "0.82"}, "0.82 V as 0.8 V", {"voltage_V": 0.8}),
        ({"voltage_V": ""}, "supply not published: 0.9 V", {"voltage_V": 0.9}),
        ({"rows": "192"}, "time of 256 rows", {"array_rows": 256, "rows": 192}),
        ({"rows": "2048"}, "time of 1024 rows", {"array_rows": 1024, "rows": 2048}),
        ({"adc_bits": "3.46"}, "adc_bits 3.46 as 4", {"adc_bits": 4}),
        ({"weight_bits": "1.5"}, "weight_bits 1.5 as 2", {"weight_bits": 1.5}),
        ({"input_bits": "6"}, "DAC area of 4 bits", {"input_bits": 6}),
        ({"architecture": "eNVM", "cell": "MRAM"}, "cell MRAM as RRAM", {"device": "rram"}),
        ({"architecture": "eFlash", "cell": ""}, "cell eFlash as RRAM", {"device": "rram"}),
        ({"architecture": "eNVM", "cell": "ReRAM+Par"}, "", {"device": "rram"}),
        (
            {"rows": "32", "cols": "128", "dot_product_length": "128"},
            "summed along the 128 columns",
            {"rows": 128, "cols": 32},
        ),
    ],
)
def test_what_stands_in_is_said(table, change, reason, taken):
    macro = judged(pd.DataFrame([ROW | change]), table).iloc[0]
    assert macro["covered"]
    assert macro["reason"] == reason
    assert {name: macro[name] for name in taken} == taken


CELLS = st.one_of(
    st.text(max_size=6),
    st.floats(allow_nan=True).map(str),
    st.integers(-5, 3000).map(str),
    st.sampled_from(["", "SRAM", "eNVM", "22", "28", "0.9", "64", "256", "4", "1.5", "1e3", "٣"]),
)


@settings(max_examples=30, deadline=None)
@random(st.fixed_dictionaries(dict.fromkeys((*NEEDED, "cell", "compute_model"), CELLS)))
def test_no_row_is_left_out_without_a_reason(row):
    (macro,) = judged(pd.DataFrame([row]), TABLE).to_dict("records")
    assert macro["covered"] or macro["reason"]


MAX_BITS = {"zigzag": 16, "sar_noise": 12}
NUMERIC = {
    "technology_nm": st.floats(7, 45),
    "voltage_V": st.floats(0.55, 1.2),
    "rows": st.floats(16, 2048),
    "cols": st.floats(16, 2048),
    "input_bits": st.floats(1, 8),
    "weight_bits": st.floats(1, 16),
    "adc_bits": st.floats(1, 16),
    "dot_product_length": st.floats(1, 2048),
    "n_adc": st.floats(1, 1e6),
}


@settings(max_examples=20, deadline=None)
@random(
    st.fixed_dictionaries({n: v.map(repr) for n, v in NUMERIC.items()}),
    st.sampled_from(["SRAM", "eNVM"]),
)
def test_what_is_covered_is_evaluated_by_every_adc_that_has_its_bits(numbers, kind):
    macro = judged(pd.DataFrame([{"architecture": kind, "cell": "ReRAM"} | numbers]), TABLE)
    if not macro["covered"].all():
        return
    for model in ADC_MODELS:
        bits = (
            TABLE.sizes(model, "bits") if model in TABLE.tables else range(1, MAX_BITS[model] + 1)
        )
        if macro["adc_bits"][0] not in bits:
            continue
        costs = macro_costs(macro, TABLE, adc_model=model)
        (row,) = costs.to_dict("records")
        assert all(math.isfinite(value) and value >= 0 for value in row.values())
        assert min(row[n] for n in ("time_s", "energy_J", "area_m2", "operations")) > 0
