"""Cell files: what is read, and what is refused before NeuroSim takes a default for it."""

import pytest

from imcmoo.hardware.cells import cell_file, read_cell
from imcmoo.io.errors import InputError


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_order_space_and_comments_make_no_other_cell(device, tmp_path):
    path = tmp_path / "my.cell"
    lines = cell_file(device).splitlines()
    path.write_text("// mine\n\n# of 2026\n" + "\n".join(f"  {line} " for line in lines[::-1]))
    assert read_cell(path, device) == cell_file(device)


def test_any_resistor_is_a_cell_of_rram_and_bytes_are_none(tmp_path):
    path = tmp_path / "my.cell"
    path.write_text(cell_file("rram").replace("Type: RRAM", "Type: PCRAM"))
    assert read_cell(path, "rram").startswith("-MemCellType: PCRAM\n")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        read_cell(path, "rram")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-SetPulse (ns): 50\n", "", r"lacks -SetPulse \(ns\)$"),
        ("-SetPulse", "-SetPuls", r"not read -SetPuls \(ns\); did you mean '-SetPulse \(ns\)'"),
        ("Type: RRAM", "Type: SRAM", "-MemCellType SRAM is not a cell of rram"),
        ("Type: CMOS", "Type: diode", "-AccessType diode is not one of CMOS, None"),
        ("2LSTP: 2", "2LSTP: 3", "3 is not one of -1, 1, 2"),
        ("(ohm): 6000.0", "(ohm): 6e+3", r"-ResistanceOn \(ohm\) 6e\+3 is not a positive number"),
        ("(ohm): 6000.0", "(ohm): 0", "0 is not a positive number"),
        ("(ohm): 6000.0", "(ohm): 1e999", "1e999 is not a positive number"),
        ("(ohm): 6000.0", "(ohm): six", "six is not a positive number"),
        ("-ReadMode: current", "ReadMode current", "line 6 is not '-Key: value'"),
        ("-ReadMode: current", "-MemCellType: RRAM", "line 6: -MemCellType is there twice"),
        ("(F^2): 48", "(F^2): 30", r"10 is wider than the cell: .* is 9.49 F"),
    ],
)
def test_what_is_no_cell_is_refused_in_one_line(old, new, message, tmp_path):
    path = tmp_path / "my.cell"
    assert old in cell_file("rram")
    path.write_text(cell_file("rram").replace(old, new))
    with pytest.raises(InputError, match=message) as error:
        read_cell(path, "rram")
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
