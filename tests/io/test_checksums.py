"""What was written is what is read, or it is said which file is not."""

import shutil
import subprocess

import pytest

from imcmoo.io.checksums import SUMS, check_sums, write_sums
from imcmoo.io.errors import InputError


@pytest.fixture
def folder(tmp_path):
    for name, content in (("a.csv", "1\n"), ("b with space.json", "{}\n")):
        (tmp_path / name).write_text(content)
    write_sums(tmp_path, {path.name: path for path in tmp_path.iterdir()})
    return tmp_path


def test_what_is_as_it_was_passes(folder):
    check_sums(folder, remedy="run again")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="wants sha256sum")
def test_the_common_tool_reads_them(folder):
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folder, check=True)


def test_every_flipped_bit_is_noticed_and_named(folder):
    for path in list(folder.iterdir()):
        before = path.read_bytes()
        for bit in range(8 * len(before)):
            changed = bytearray(before)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            with pytest.raises(InputError, match="run again"):
                check_sums(folder, remedy="run again")
        path.write_bytes(before)


def test_a_missing_file_is_named_where_all_must_be_there(folder):
    (folder / "a.csv").unlink()
    check_sums(folder, remedy="run again", all_there=False)
    with pytest.raises(InputError, match=r"a\.csv is missing: run again"):
        check_sums(folder, remedy="run again")
    (folder / SUMS).unlink()
    with pytest.raises(InputError, match="SHA256SUMS is missing"):
        check_sums(folder, remedy="run again", all_there=False)
