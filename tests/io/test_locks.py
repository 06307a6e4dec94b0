"""A folder belongs to one process, and to nobody when that is gone."""

import errno
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from imcmoo.io import locks
from imcmoo.io.errors import InputError
from imcmoo.io.locks import LOCK, folder_lock
from tests.io.processes import python
from tests.io.tasks import PATIENCE

pytestmark = pytest.mark.skipif(not locks.HAVE_LOCKS, reason="this system has no such locks")

OWNER = """
import sys
from pathlib import Path
from imcmoo.io.locks import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("owned", flush=True)
    sys.stdin.read()
"""

RACER = """
import os, sys, time
from pathlib import Path
from imcmoo.io.errors import InputError
from imcmoo.io.locks import folder_lock

folder, inside = Path(sys.argv[1]), Path(sys.argv[2])
won = 0
refused = set()
print("ready", flush=True)
sys.stdin.readline()
while won < 200:
    try:
        with folder_lock(folder):
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if the other is inside too
            time.sleep(0.0005)
            inside.unlink()
            won += 1
    except InputError as error:
        refused.add(str(error))
print(won, *refused, sep=chr(10))
"""


def owner_of(folder):
    """Another process that owns a folder until its standard input is closed."""
    process = python(OWNER, folder)
    assert process.stdout.readline() == "owned\n"
    return process


def refusal(folder, pid):
    return (
        f"{folder} is in use by process {pid} on {socket.gethostname()}: "
        "wait for it to end, or choose another folder"
    )


def refused(folder):
    with pytest.raises(InputError) as caught, folder_lock(folder):
        pass
    return str(caught.value)


def test_an_owned_folder_is_refused_in_one_line_that_names_the_owner(tmp_path):
    with owner_of(tmp_path) as other:
        assert refused(tmp_path) == refusal(tmp_path, other.pid)
        assert (tmp_path / LOCK).read_text() == f"{other.pid} {socket.gethostname()}\n"
    with folder_lock(tmp_path):  # in one process, too
        assert refused(tmp_path) == refusal(tmp_path, os.getpid())
        assert refused(tmp_path) == refusal(tmp_path, os.getpid())


def test_nothing_of_the_lock_is_left_also_after_an_exception(tmp_path):
    def fail():
        with folder_lock(tmp_path):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_made_and_got_nothing_is_removed_again(tmp_path):
    folder = tmp_path / "a" / "b"
    with folder_lock(folder):
        assert folder.is_dir()
    assert not folder.exists()
    with folder_lock(folder):
        (folder / "result").touch()
    assert [path.name for path in folder.iterdir()] == ["result"]
    (folder / "result").unlink()
    with folder_lock(folder):
        pass
    assert folder.is_dir()  # it was there before


@pytest.mark.parametrize("longer", [False, True])
def test_the_lock_of_a_killed_process_does_not_hold_and_its_name_is_forgotten(tmp_path, longer):
    with owner_of(tmp_path) as other:
        other.kill()
        other.wait(PATIENCE)
    assert (tmp_path / LOCK).exists()
    if longer:
        (tmp_path / LOCK).write_text(f"123456789 {'far.' * 50}away\n")
    with folder_lock(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()} {socket.gethostname()}\n"
        assert refused(tmp_path) == refusal(tmp_path, os.getpid())
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    ("put", "what"),
    [
        (lambda path, target: path.symlink_to(target), "a symbolic link"),
        (lambda path, target: path.symlink_to(target / "gone"), "a symbolic link"),
        (lambda path, target: path.hardlink_to(target), "a hard link to another file"),
        (lambda path, _: os.mkfifo(path), "not a regular file"),
        (lambda path, _: path.write_text("precious\n"), "a file with other content"),
        (lambda path, _: path.write_text("123 here\nprecious\n"), "a file with other content"),
    ],
    ids=["link", "dangling link", "hard link", "pipe", "notes", "nearly ours"],
)
def test_what_is_no_lock_file_is_refused_and_left_alone(tmp_path, put, what):
    folder, target = tmp_path / "folder", tmp_path / "target"
    folder.mkdir()
    target.write_text("precious\n")
    put(folder / LOCK, target)
    before = {p: (p.lstat().st_mode, p.lstat().st_ino) for p in tmp_path.rglob("*")}
    assert refused(folder) == (
        f"{folder / LOCK} is {what}, not a lock file of imcmoo: move it away, or choose another "
        "folder"
    )
    assert before == {p: (p.lstat().st_mode, p.lstat().st_ino) for p in tmp_path.rglob("*")}
    for path in (folder / LOCK, target):
        assert not path.is_file() or path.read_text().endswith("precious\n")


def test_two_processes_that_race_200_times_never_own_a_folder_together(tmp_path):
    folder = tmp_path / "raced"
    racers = [python(RACER, folder, tmp_path / "inside") for _ in range(2)]
    assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 2
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    refusals = set()
    for racer, other in zip(racers, reversed(racers), strict=True):
        won, *told = racer.communicate(timeout=PATIENCE)[0].splitlines()
        assert racer.returncode == 0
        assert won == "200"
        assert set(told) <= {refusal(folder, other.pid)}
        refusals |= set(told)
    assert refusals
    assert not (folder / LOCK).exists()


def test_a_folder_that_is_removed_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    """`mkdir` finds a folder in its way that is gone when it looks what it is."""
    folder, tries, make = tmp_path / "raced", [], Path.mkdir

    def mkdir(path, *args, **kwargs):
        tries.append(path)
        if len(tries) == 1:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        make(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with folder_lock(folder):
        assert folder.is_dir()
    assert len(tries) == 2


def test_whoever_locks_a_file_that_has_just_been_removed_tries_again(tmp_path, monkeypatch):
    """The owner leaves between our opening its file and our locking it."""
    owner = folder_lock(tmp_path)
    owner.__enter__()
    opened = locks._opened

    def late(path):
        descriptor = opened(path)
        if owner.gen.gi_frame is not None:
            owner.__exit__(None, None, None)
        return descriptor

    monkeypatch.setattr(locks, "_opened", late)
    with folder_lock(tmp_path):
        assert (tmp_path / LOCK).exists()
        assert refused(tmp_path) == refusal(tmp_path, os.getpid())


def test_an_owner_that_has_not_named_itself_is_waited_for(tmp_path, monkeypatch):
    """One that never does is refused to as well, without a name."""
    with folder_lock(tmp_path):
        (tmp_path / LOCK).write_text("")
        line = f"{os.getpid()} {socket.gethostname()}\n"
        timer = threading.Timer(0.3, (tmp_path / LOCK).write_text, [line])
        timer.start()
        assert refused(tmp_path) == refusal(tmp_path, os.getpid())
        timer.join()
        (tmp_path / LOCK).write_text("")
        monkeypatch.setattr(locks, "PATIENCE_S", 0.1)
        assert "in use by another process:" in refused(tmp_path)


def test_the_lock_of_another_is_not_removed_when_the_folder_was_taken_away(tmp_path):
    folder = tmp_path / "folder"
    with folder_lock(folder):
        (folder / LOCK).unlink()
        folder.rmdir()
        other = owner_of(folder)
    with other:
        assert refused(folder) == refusal(folder, other.pid)


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=path), folder_lock(tmp_path / path):
        pass


def test_a_system_without_locks_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "HAVE_LOCKS", False)
    with pytest.warns(UserWarning, match="cannot lock"), folder_lock(tmp_path):
        assert Path(tmp_path).is_dir()


def test_a_lock_ends_with_its_owner_although_a_forked_process_lives(tmp_path):
    code = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from imcmoo.io.locks import folder_lock\n"
        f"with folder_lock(Path({str(tmp_path / 'folder')!r})):\n"
        "    if os.fork() == 0:\n"
        "        print(os.getpid(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    owner = python(code)
    worker = int(owner.stdout.readline())
    try:
        with pytest.raises(InputError, match="is in use"), folder_lock(tmp_path / "folder"):
            pass
        owner.kill()
        owner.wait()
        with folder_lock(tmp_path / "folder"):
            os.kill(worker, 0)  # it lives
    finally:
        os.kill(worker, signal.SIGKILL)
