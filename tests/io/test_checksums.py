"""Files are read as they were written, or the changed file is named."""

import os
import shutil
import subprocess

import pytest

from imcmoo.io.checksums import SUMS, check_sums, read_sealed, sha256, write_sealed, write_sums
from imcmoo.io.errors import InputError

NAMES = ("a.csv", "b with space.json")


def check(folder, *, known=NAMES, always=NAMES, all_there=True):
    check_sums(folder, known=known, always=always, remedy="run again", all_there=all_there)


@pytest.fixture
def folder(tmp_path):
    for name, content in zip(NAMES, ("1\n", "{}\n"), strict=True):
        (tmp_path / name).write_text(content)
    write_sums(tmp_path, {path.name: sha256(path) for path in tmp_path.iterdir()})
    return tmp_path


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="wants sha256sum")
def test_the_common_tool_reads_them(folder):
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folder, check=True)


def test_every_flipped_bit_is_noticed_and_named(folder):
    for path in list(folder.iterdir()):
        before = path.read_bytes()
        for bit in range(0, 8 * len(before), 1 if len(before) < 9 else 7):
            changed = bytearray(before)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            with pytest.raises(InputError, match="run again"):
                check(folder)
        path.write_bytes(before)


def test_a_missing_file_is_named_where_all_must_be_there(folder):
    check(folder)
    (folder / "a.csv").unlink()
    check(folder, all_there=False)
    with pytest.raises(InputError, match=r"a\.csv is missing: run again"):
        check(folder)
    (folder / SUMS).unlink()
    with pytest.raises(InputError, match="SHA256SUMS is missing"):
        check(folder, all_there=False)


@pytest.mark.parametrize("line", [0, 1])
def test_a_line_that_was_cut_off_is_noticed(folder, line):
    sums = folder / SUMS
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(lines[:line] + lines[line + 1 :]))
    for always in (NAMES, ()):  # whether the file must be listed, or is found beside
        with pytest.raises(InputError, match="SHA256SUMS is damaged: run again"):
            check(folder, always=always, all_there=False)


def test_a_file_that_must_be_listed_is_missed_also_where_it_is_gone(folder):
    (folder / NAMES[1]).unlink()
    (folder / SUMS).write_text((folder / SUMS).read_text().splitlines(keepends=True)[0])
    check(folder, always=NAMES[:1])
    with pytest.raises(InputError, match="SHA256SUMS is damaged"):
        check(folder, all_there=False)


def test_a_listed_file_that_is_none_of_the_folders_or_listed_twice_is_refused(folder):
    sums = folder / SUMS
    sums.write_text(2 * sums.read_text())
    with pytest.raises(InputError, match="SHA256SUMS is damaged"):
        check(folder)
    (folder / "../other").write_text("")
    write_sums(folder, {name: sha256(folder / name) for name in (*NAMES, "../other")})
    with pytest.raises(InputError, match="SHA256SUMS is damaged"):
        check(folder)


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "sealed"
    write_sealed(path, "key", b"content")
    return path


def test_sealed_bytes_come_back_under_their_key_only(sealed):
    assert read_sealed(sealed, "key") == b"content"
    assert read_sealed(sealed, "other") is None
    assert read_sealed(sealed.with_name("none"), "key") is None


def test_every_flipped_or_missing_bit_of_a_sealed_file_is_noticed(sealed):
    whole = sealed.read_bytes()
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        sealed.write_bytes(changed)
        assert read_sealed(sealed, "key") is None
    for size in range(len(whole)):
        sealed.write_bytes(whole[:size])
        assert read_sealed(sealed, "key") is None


def test_a_sealed_file_that_is_too_large_or_not_regular_is_not_opened(sealed):
    assert read_sealed(sealed, "key", at_most=7) == b"content"
    assert read_sealed(sealed, "key", at_most=6) is None
    sealed.unlink()
    os.mkfifo(sealed)
    assert read_sealed(sealed, "key") is None
    assert read_sealed(sealed.parent, "key") is None
