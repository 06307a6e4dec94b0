"""Tables of macros: what is read as it stands, and what is refused with one clear line."""

import pytest

from experiments.silicon.macros import ADDED, NEEDED, OPTIONAL, SHIPPED, read
from imcmoo.io.errors import InputError

HEADER = ",".join(NEEDED)
LINE = "28,SRAM,0.9,64,64,1,1,4,64,64"


def test_shipped_table_has_every_column_and_all_rows():
    frame = read(SHIPPED)
    assert {*NEEDED, *OPTIONAL} == set(frame)
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
