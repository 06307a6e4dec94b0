import pytest

from imcmoo.io.errors import InputError
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Integer, Ordinal, Real
from imcmoo.space.space_file import read_spaces

FULL = """
name = "full"

[fixed]
device = "sram"

[parameters]
volts = { kind = "real", low = 0.5, high = 0.7, levels = 3, unit = "V" }
rows = { kind = "ordinal", powers_of_two = [4, 16] }
active = { kind = "conditional", on = "rows", values = [[4, 2], [8, 4], [16, 8]] }
bits = { kind = "integer", low = 1, high = 2 }
dram = { kind = "categorical", values = ["x16", "hbm2"] }
"""

WIDER = """
name = "wider"
base = "full"

[fixed]
node = 32

[parameters]
rows = { kind = "ordinal", values = [4, 6, 16], unit = "" }
"""


def read(tmp_path, *texts):
    paths = [tmp_path / f"{i}.toml" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return read_spaces(paths)


def test_a_file_gives_the_space_it_describes(tmp_path):
    rows = Ordinal("rows", (4, 8, 16))
    expected = DesignSpace(
        "full",
        (
            Real("volts", 0.5, 0.7, 3, "V"),
            rows,
            Conditional("active", rows, {4: (4, 2), 8: (8, 4), 16: (16, 8)}),
            Integer("bits", 1, 2),
            Categorical("dram", ("x16", "hbm2")),
        ),
        {"device": "sram"},
    )
    assert repr(read(tmp_path, FULL)["full"]) == repr(expected)


def test_a_space_replaces_values_of_its_base_by_name_and_keeps_their_order(tmp_path):
    wider = read(tmp_path, FULL, WIDER)["wider"]
    assert wider.names == ["volts", "rows", "active", "bits", "dram"]
    assert wider.values_of("rows") == (4, 6, 16)
    assert wider.fixed == {"device": "sram", "node": 32}
    assert wider.parameters[2].on.values == (4, 6, 16)


def test_a_parameter_replaces_a_value_that_the_base_fixes(tmp_path):
    devices = 'device = { kind = "categorical", values = ["sram", "rram"] }'
    varied = WIDER.replace("[parameters]", f"[parameters]\n{devices}")
    wider = read(tmp_path, FULL, varied)["wider"]
    assert wider.fixed == {"node": 32}
    assert wider.values_of("device") == ("sram", "rram")
    twice = varied.replace("node = 32", 'device = "sram"')
    with pytest.raises(ValueError, match="device"):
        read(tmp_path, FULL, twice)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FULL.replace('name = "full"', ""), "name is missing"),
        (FULL.replace("[fixed]", "[fixd]"), "unknown key fixd"),
        (FULL.replace('"integer"', '"whole"'), "space full: parameter bits: unknown kind 'whole'"),
        (FULL.replace(", levels = 3", ""), "space full: levels is missing"),
        (FULL.replace('on = "rows"', 'on = "cols"'), "space full: cols is missing"),
        (FULL.replace("[4, 2], ", ""), "space full: zip"),
        (FULL.replace("[4, 2]", "[4]"), "space full: parameter active: rows of different length"),
        (WIDER, "space wider: full is missing"),
        ("name = ", "not TOML"),
    ],
)
def test_a_fault_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)
