"""Files that are complete or not there, and writing to what is no plain file."""

import errno
import os
import re
import stat
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from imcmoo.io import files
from imcmoo.io.errors import InputError
from imcmoo.io.files import clear_temporary, replacing, unchanged, writing
from tests.io.processes import ROOT, python
from tests.io.tasks import wait_for

both = pytest.mark.parametrize("door", [replacing, writing])
OURS = re.compile(rb"a,b\n")
posix = pytest.mark.skipif(os.name != "posix", reason="needs links, pipes and devices")


def write(door, path, text):
    with door(path) as temporary, temporary.open("w") as file:
        file.write(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@both
def test_a_file_appears_whole_when_the_block_ends(tmp_path, door):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with door(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path
    assert path.read_text() == "new"
    assert names(tmp_path) == ["out.csv"]


@both
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space"), KeyboardInterrupt()])
def test_after_an_exception_all_is_as_before(tmp_path, door, error):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail():
        with door(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names(tmp_path) == ["out.csv"]
    assert path.read_text() == "old"


@both
def test_many_writers_of_one_file_do_not_meet(tmp_path, door):
    path = tmp_path / "out.csv"
    with ExitStack() as stack:
        temporaries = [stack.enter_context(door(path)) for _ in range(20)]
        for n, temporary in enumerate(temporaries):
            temporary.write_text(str(n))
        assert len(set(temporaries)) == 20
    assert path.read_text() == "0"  # its block ends last
    assert names(tmp_path) == ["out.csv"]


@posix
@both
def test_a_temporary_name_that_is_taken_is_not_written_through(tmp_path, door, monkeypatch):
    """Such as by a link that somebody who guesses the name has put there."""
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / ".out.csv.guessed.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError, match=r"out\.csv"), door(tmp_path / "out.csv"):
        pass
    assert not (tmp_path / "victim").exists()
    assert (tmp_path / ".out.csv.guessed.tmp").is_symlink()


@posix
@both
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions_are_those_of_a_plain_open_or_of_the_file_that_is_replaced(
    tmp_path, door, mask
):
    before = os.umask(mask)
    try:
        write(door, tmp_path / "ours", "x")
        (tmp_path / "plain").write_text("x")
    finally:
        os.umask(before)
    ours, plain = ((tmp_path / name).stat().st_mode for name in ("ours", "plain"))
    assert ours == plain
    (tmp_path / "ours").chmod(0o640)
    write(door, tmp_path / "ours", "y")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o640


@both
@pytest.mark.parametrize("name", ["x" * 255, "\N{GRINNING FACE}" * 60])
def test_names_may_be_as_long_as_files_allow(tmp_path, door, name):
    write(door, tmp_path / name, "x")
    assert names(tmp_path) == [name]


@both
@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("folder", IsADirectoryError),
        ("none/out", FileNotFoundError),
        ("file/out", NotADirectoryError),
    ],
)
def test_what_cannot_be_written_is_named_before_the_block_runs(tmp_path, door, path, error):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(error) as caught, door(tmp_path / path):
        pytest.fail("ran")
    assert caught.value.filename == str(tmp_path / path)


@both
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path, door, monkeypatch):
    path = tmp_path / "out"
    path.write_text("old")
    monkeypatch.setattr(files.os, "access", lambda *_: False)  # root may write anything
    with pytest.raises(PermissionError, match="out"), door(path):
        pass
    assert path.read_text() == "old"


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_target_is_replaced(tmp_path, exists):
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
        inode = target.stat().st_ino
        keep = target.open()  # so that its inode is not given out again
    link.symlink_to("there/target")
    write(writing, link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert names(target.parent) == ["target"]
    if exists:
        assert target.stat().st_ino != inode
        keep.close()


@posix
def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="a'"), writing(tmp_path / "a"):
        pass


@posix
def test_a_device_is_written_to_and_stays(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    for path in (link, link.resolve()):
        with writing(path, ours=OURS) as out:  # needs no force
            out.write_text("x")
    assert link.is_symlink()
    assert stat.S_ISCHR(link.stat().st_mode)


@posix
def test_a_pipe_with_a_name_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    write(writing, pipe, "x" * 100_000)
    assert wait_for(lambda: got == ["x" * 100_000])
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == ["pipe"]


@posix
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_standard_output_is_written_to(tmp_path, to):
    code = (
        "from pathlib import Path\n"
        "from imcmoo.io.files import writing\n"
        "with writing(Path('/dev/stdout')) as out, out.open('w') as file: file.write('hello')\n"
    )
    command, out = [sys.executable, "-c", code], tmp_path / "out"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with out.open("w") as file:
        stdout = file if to == "file" else subprocess.PIPE
        ended = subprocess.run(command, stdout=stdout, check=True, env=environment)
    assert (out.read_text() if to == "file" else ended.stdout.decode()) == "hello"


# Files that belong together.


def put(folder, text):
    """Write as a publisher does: the seal is gone while the others are not all of one time."""
    (folder / "seal").unlink(missing_ok=True)
    write(replacing, folder / "a", text)
    write(replacing, folder / "b", text)
    write(replacing, folder / "seal", text)


def test_without_a_seal_nothing_is_read(tmp_path):
    with pytest.raises(FileNotFoundError), unchanged(tmp_path / "seal"):
        pytest.fail("read")


@pytest.mark.parametrize("how", ["anew", "half", "until it fails"])
def test_files_that_were_replaced_while_they_were_read_are_refused(tmp_path, how):
    put(tmp_path, "1")

    def read():
        with unchanged(tmp_path / "seal"):
            (tmp_path / "a").read_text()
            if how == "anew":
                put(tmp_path, "2")
            else:
                (tmp_path / "seal").unlink()
                write(replacing, tmp_path / "b", "2")
            if how == "until it fails":
                raise ValueError("lengths differ")

    with pytest.raises(InputError, match="was written anew while it was read"):
        read()


def test_what_is_wrong_with_files_that_stayed_is_told_as_it_is(tmp_path):
    put(tmp_path, "1")
    with pytest.raises(ValueError, match="as it is"), unchanged(tmp_path / "seal"):
        raise ValueError("as it is")


# What killed writers leave, and what is not ours.

WRITER = """
import sys, time
from pathlib import Path
from imcmoo.io.files import writing
with writing(Path(sys.argv[1])) as out:
    out.write_text("half")
    print(out.name, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is writing `out.csv`, and the name of its temporary file."""
    process = python(WRITER, tmp_path / "out.csv")
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


@posix
def test_what_a_killed_writer_left_is_removed_by_the_next_of_the_same_file(tmp_path, writer):
    process, left = writer
    process.kill()
    process.wait()
    (tmp_path / ".out.csv.notes.tmp").write_text("mine")
    write(writing, tmp_path / "other.csv", "new")
    assert (tmp_path / left).exists()
    write(writing, tmp_path / "out.csv", "new")
    assert names(tmp_path) == [".out.csv.notes.tmp", "other.csv", "out.csv"]


@posix
def test_the_file_of_a_writer_that_lives_is_left_to_it(tmp_path, writer):
    _, left = writer
    write(writing, tmp_path / "out.csv", "new")
    clear_temporary(tmp_path)
    assert names(tmp_path) == [left, "out.csv"]


@posix
def test_a_temporary_file_that_was_taken_for_an_abandoned_one_is_made_again(tmp_path, monkeypatch):
    made, flock, gone = [], files.fcntl.flock, []

    def late(descriptor, how):
        made.append(descriptor)
        if not gone:
            gone.extend(tmp_path.glob(".*.tmp"))
            gone[0].unlink()
        flock(descriptor, how)

    monkeypatch.setattr(files.fcntl, "flock", late)
    write(replacing, tmp_path / "out.csv", "new")
    assert len(made) == 2
    assert names(tmp_path) == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "new"


@pytest.mark.parametrize(
    ("content", "is_ours"),
    [
        *((text, False) for text in ("a,c\n1,2\n", "\n", "b,a\na,b\n")),
        *((text, True) for text in ("", "a,b\n", "a,b\n1,2\n", None)),
    ],
)
def test_a_file_that_does_not_begin_as_ours_is_written_over_only_by_force(
    tmp_path, content, is_ours
):
    path = tmp_path / "out.csv"
    if content is not None:
        path.write_text(content)
    if not is_ours:
        refused = pytest.raises(InputError, match=r"out\.csv is there and was not .*--force")
        with refused, writing(path, ours=OURS):
            pytest.fail("wrote")
        assert path.read_text() == content
    with writing(path, ours=OURS, force=not is_ours) as out:
        out.write_text("new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["out.csv"]
