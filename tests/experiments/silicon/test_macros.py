"""Tables of macros: what is read as it stands, and what is refused with one clear line."""

import pytest

from experiments.silicon.macros import ADDED, NEEDED, OPTIONAL, SHIPPED, read
from imcmoo.io.errors import InputError

HEADER = ",".join(NEEDED)
LINE = "28,SRAM,0.9,64,64,1,1,4,64,64"


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "macros.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def test_shipped_table_has_every_column_and_all_rows():
    frame = read(SHIPPED)
    assert {*NEEDED, *OPTIONAL} == set(frame)
    assert len(frame) == 72


def test_cells_stand_as_they_were(file):
    frame = read(file(f'{HEADER},note\n{LINE.replace("0.9", " 0.90 ")},"a, b"\n\n'))
    assert frame["voltage_V"].tolist() == [" 0.90 "]
    assert frame["note"].tolist() == ["a, b"]


def test_a_byte_order_mark_and_blanks_in_the_header_do_no_harm(file):
    frame = read(file("\ufeff" + HEADER.replace(",", " , ") + "\r\n" + LINE + "\r\n"))
    assert list(frame) == list(NEEDED)
    assert len(frame) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "empty; needed: a header"),
        (b"\n \n", "empty"),
        (b"\xff\xfe\x00", r"not a text in UTF-8 \(byte 0\)"),
        ("rows,cols\n1,1\n", "the header lacks technology_nm, architecture"),
        (f"{HEADER},rows\n{LINE},1\n", "the header has twice rows"),
        (f"{HEADER},{ADDED[0]}\n{LINE},1\n", "has already what the comparison adds, covered"),
        (f"{HEADER}\n{LINE}\n{LINE},1\n", "line 3: 11 cells, the header has 10"),
        (f"{HEADER}\n28,SRAM\n", "line 2: 2 cells"),
        (f'{HEADER}\n"28,SRAM\n', "line 2: unexpected end"),
    ],
)
def test_what_is_no_table_is_refused(file, text, told):
    with pytest.raises(InputError, match=told):
        read(file(text))


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.csv")
