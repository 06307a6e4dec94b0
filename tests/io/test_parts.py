"""Parts of long work: what is kept comes back bit for bit, and nothing else counts as a part."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from imcmoo.io.errors import InputError
from imcmoo.io.parts import TaskCheckpoints

shared_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)

CONTENT = {"values": np.arange(50.0), "names": np.array(["a", "b"]), "count": 3}


def only_part(folder):
    (path,) = (folder / ".parts").iterdir()
    return path


@pytest.fixture
def kept(tmp_path):
    """A folder with part 7 of the work "this"."""
    TaskCheckpoints(tmp_path, "this").save(7, CONTENT)
    return tmp_path


@shared_folder
@given(
    stored=st.dictionaries(
        st.text("abc", min_size=1, max_size=3),
        arrays(
            st.sampled_from([np.dtype(t) for t in ("f8", "i8", "?", "U3")]),
            array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
        ),
    ),
    index=st.integers(0, 10**6),
    mark=st.text(),
)
def test_a_part_comes_back_as_it_was(tmp_path_factory, stored, index, mark):
    folder = tmp_path_factory.mktemp("work")
    TaskCheckpoints(folder, mark).save(index, stored)
    parts = TaskCheckpoints(folder, mark)
    loaded = parts.load(index)
    assert index in parts
    assert loaded.keys() == stored.keys()
    for name, array in stored.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize("kind", ["a file", "a symbolic link"])
def test_a_file_or_link_in_the_place_of_the_parts_is_refused(tmp_path, kind):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "text").write_text("mine")
    home = tmp_path / ".parts"
    if kind == "a file":
        home.write_text("mine")
    else:
        home.symlink_to(tmp_path / "mine")
    with pytest.raises(InputError, match=rf"\.parts is {kind}, not a folder of imcmoo"):
        TaskCheckpoints(tmp_path, "this")
    assert (tmp_path / "mine" / "text").exists()
    assert home.is_symlink() or home.read_text() == "mine"


def test_parts_are_counted(tmp_path):
    parts = TaskCheckpoints(tmp_path, "this")
    assert len(parts) == 0
    for index in (3, 12, 3):
        parts.save(index, CONTENT)
    for seen in (parts, TaskCheckpoints(tmp_path, "this")):
        assert len(seen) == 2
        assert [i for i in range(20) if i in seen] == [3, 12]


def test_parts_of_other_work_are_none_and_are_removed(kept):
    other = TaskCheckpoints(kept, "that")
    assert len(other) == 0
    assert 7 not in other
    with pytest.raises(KeyError):
        other.load(7)
    assert list((kept / ".parts").iterdir()) == []


def test_a_part_under_another_number_is_none(kept):
    path = only_part(kept)
    path.rename(path.with_stem("8"))
    assert len(TaskCheckpoints(kept, "this")) == 0


def test_a_part_cut_short_anywhere_is_none(kept):
    whole = only_part(kept).read_bytes()
    for size in (0, 1, 31, 32, 33, len(whole) // 2, len(whole) - 1):
        (kept / ".parts" / "7.part").write_bytes(whole[:size])
        assert 7 not in TaskCheckpoints(kept, "this")
        assert list((kept / ".parts").iterdir()) == []


@shared_folder
@given(data=st.data())
def test_a_part_with_one_bit_changed_is_none(kept, data):
    TaskCheckpoints(kept, "this").save(7, CONTENT)
    path = only_part(kept)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert 7 not in TaskCheckpoints(kept, "this")


def test_a_part_damaged_while_the_work_goes_on_is_not_given_out(kept):
    parts = TaskCheckpoints(kept, "this")
    only_part(kept).write_bytes(b"")
    with pytest.raises(KeyError):
        parts.load(7)


def test_what_a_kill_left_half_written_is_removed_and_folders_stay(kept):
    (kept / ".parts" / ".8.part.0123.tmp").write_bytes(b"half")
    (kept / ".parts" / "mark.json").write_text("old")
    (kept / ".parts" / "files").mkdir()
    assert len(TaskCheckpoints(kept, "this")) == 1
    assert {path.name for path in (kept / ".parts").iterdir()} == {"7.part", "files"}


def test_what_could_not_be_read_back_is_not_kept(tmp_path):
    parts = TaskCheckpoints(tmp_path, "this")
    with pytest.raises(TypeError, match="'odd' of part 2"):
        parts.save(2, {"good": 1.0, "odd": {"a": 1}})
    assert 2 not in parts


def test_all_is_gone_after_removal_and_what_else_is_there_stays(kept, tmp_path_factory):
    TaskCheckpoints(kept, "this").remove()
    assert not kept.exists()
    used = tmp_path_factory.mktemp("used")
    (used / "result").touch()
    parts = TaskCheckpoints(used, "this")
    parts.save(1, CONTENT)
    parts.remove()
    assert [path.name for path in used.iterdir()] == ["result"]
    assert len(parts) == 0
