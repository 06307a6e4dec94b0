"""Any content of a file is read or refused by one error; endless files are not read."""

import os
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from imcmoo.io import reading
from imcmoo.io.reading import as_number, as_whole, of_json, read_arrays, read_json, read_toml

DEEP = 200_000
DIGITS = "9" * 5000

READERS = {
    "json": read_json,
    "toml": read_toml,
    "arrays": partial(read_arrays, what="a table"),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_has_no_end_is_refused_at_once(read, kind, tmp_path):
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    with pytest.raises(ValueError, match=f"{path} is a device or pipe"):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_too_large_is_refused_unread(read, tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="larger than"):
        read(path)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_missing_file_or_a_folder_is_an_error_of_the_system(read, tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


@pytest.mark.parametrize(
    "text", ["[" * DEEP, '{"a":' * DEEP, DIGITS, f"[{DIGITS}]", "", "nul", '"\x00"', "{}}"]
)
def test_text_that_is_no_json_is_one_error(text):
    with pytest.raises(ValueError, match="file: not JSON"):
        of_json(text, "file")


def test_a_key_that_is_there_twice_is_no_json():
    with pytest.raises(ValueError, match="file: not JSON: the key 'b' is there twice"):
        of_json('{"a": [{"b": 1, "c": 2, "b": 1}]}', "file")
    assert of_json('{"a": {"a": 1}, "b": {"a": 1}}', "file") == {"a": {"a": 1}, "b": {"a": 1}}


@pytest.mark.parametrize("text", ["٣", "３", "1٣", "١.٥", "x", ""])
def test_numbers_have_digits_from_0_to_9(text):
    for read in (as_number, as_whole):
        with pytest.raises(ValueError, match=r"digits|could not|invalid"):
            read(text)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * DEEP, "a = " + "{b=" * DEEP, f"a = {DIGITS}", "a = 9223372036854775808", "a ="],
)
def test_text_that_is_no_toml_is_one_error(text, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match="not TOML"):
        read_toml(path)


def test_bytes_that_are_no_text_are_no_toml(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ValueError, match="not a text file"):
        read_toml(tmp_path / "a.toml")


def test_flipped_bits_give_the_same_arrays_or_one_error(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "a.npz"
    arrays = {"keys": np.arange(40), "values": rng.random((3, 40)), "words": np.array("some text")}
    np.savez_compressed(path, **arrays)
    whole, refused = path.read_bytes(), 0
    for _ in range(400):
        damaged = bytearray(whole)
        for bit in rng.integers(0, 8 * len(whole), rng.integers(1, 4)):
            damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            read = read_arrays(path, "a table")
        except ValueError:
            refused += 1
            continue
        for name in {*read} & {*arrays}:
            np.testing.assert_array_equal(read[name], arrays[name])
    assert refused > 250


def test_arrays_that_unpack_to_too_much_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, zeros=np.zeros(1000))
    monkeypatch.setattr(reading, "MAX_ARRAY_BYTES", 2000)
    assert path.stat().st_size < 2000
    with pytest.raises(ValueError, match="is not a table"):
        read_arrays(path, "a table")


def test_an_archive_with_a_file_that_is_no_array_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, zeros=np.zeros(3))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("note.txt", "no array")
    with pytest.raises(ValueError, match="is not a table, or damaged"):
        read_arrays(path, "a table")


def test_an_archive_of_zeros_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, zeros=np.zeros(200_000))
    monkeypatch.setattr(reading, "HARMLESS_BYTES", 10_000)
    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", None)
    with pytest.raises(ValueError, match=r"is not a table: its [\d,]+ bytes unpack to 1,600,\d+"):
        read_arrays(path, "a table")
