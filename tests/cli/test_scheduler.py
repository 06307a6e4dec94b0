"""Workers of Dask give the bytes of one process, whatever is killed meanwhile."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from imcmoo.cli.main import main
from imcmoo.io.parts import TaskCheckpoints
from tests import ROOT
from tests.cli.few_chips import STUDY
from tests.cli.helpers import contents, refused
from tests.extras import needs
from tests.io.tasks import wait_for

needs("dask", "distributed")

import distributed

WORKERS = 2
FEW_DESIGNS = ["--budget", "40", "--no-baselines", "--quiet"]


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder, port_file, nthreads=1):
        self.folder, self.nthreads = folder, nthreads
        self.scheduler = self._start(
            "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(port_file),
        )  # fmt: skip
        assert wait_for(port_file.exists)
        self.workers = [
            self._start(
                "dask", "worker", "--scheduler-file", str(port_file), "--nthreads", str(nthreads),
                "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
            )
            for _ in range(WORKERS)
        ]  # fmt: skip
        with distributed.Client(scheduler_file=str(port_file), set_as_default=False) as client:
            client.wait_for_workers(WORKERS, timeout=60)
            self.address = client.scheduler.address

    def _start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=self.folder,  # which sees none of the study's paths
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster for all tests, the last of which may kill what they like of it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    made = Cluster(folder, folder.with_suffix(".json"))
    yield made
    made.end()


def enumerated(out, *options):
    return main(["enumerate", STUDY, "--out", str(out), "--quiet", *options])


@pytest.fixture
def after_parts(monkeypatch):
    """Have something done once, when so many parts are kept."""

    def arrange(n, do):
        original = TaskCheckpoints.save

        def save(self, index, arrays):
            original(self, index, arrays)
            if len(self) == n:
                do()

        monkeypatch.setattr(TaskCheckpoints, "save", save)

    return arrange


@pytest.mark.usefixtures("_few")
def test_other_versions_are_refused(cluster, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("imcmoo.io.machines._versions", _versions_of_9)
    assert enumerated(tmp_path / "there", "--scheduler", cluster.address) == 2
    assert "we have 9" in capsys.readouterr().err


def _versions_of_9():
    return {"imcmoo": "9"}


@pytest.mark.slow
def test_seeds_run_elsewhere_leave_the_same_files(cluster, tmp_path):
    study = ["run", "four_workload_rram", *FEW_DESIGNS, "--seeds", "1,2"]
    assert main([*study, "--out", str(tmp_path / "here"), "--workers", "1"]) == 0
    assert main([*study, "--out", str(tmp_path / "there"), "--scheduler", cluster.address]) == 0
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("killed", ["worker", pytest.param("scheduler", marks=pytest.mark.slow)])
def test_an_enumeration_gives_the_same_bytes_also_when_processes_are_killed(
    cluster, tmp_path, after_parts, capsys, killed
):
    assert enumerated(tmp_path / "here", "--workers", "1") == 0
    process = cluster.workers[0] if killed == "worker" else cluster.scheduler
    after_parts(2, lambda: os.kill(process.pid, signal.SIGKILL))
    code = enumerated(tmp_path / "there", "--scheduler", cluster.address)
    assert process.wait(timeout=10) == -signal.SIGKILL
    assert code == (0 if killed == "worker" else 1)
    if killed == "scheduler":
        error = capsys.readouterr().err
        assert f"was lost with the scheduler at {cluster.address}" in error
        assert "what was finished is kept" in error
        assert list((tmp_path / "there").rglob("*.part"))
        assert enumerated(tmp_path / "there", "--workers", "1") == 0
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.usefixtures("_few")
def test_a_worker_of_several_threads_is_refused(tmp_path, capsys):
    made = Cluster(tmp_path, tmp_path / "scheduler.json", nthreads=2)
    try:
        assert enumerated(tmp_path / "there", "--scheduler", made.address) == 2
    finally:
        made.end()
    assert "start it with --nthreads 1" in capsys.readouterr().err


TLS = "a tls:// scheduler needs certificates: name them in Dask's configuration"
NOWHERE = "tcp://127.0.0.1:1"


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scheduler", NOWHERE], f"no scheduler answers at {NOWHERE}"),
        (["--scheduler", "tls://127.0.0.1:1"], TLS),
    ],
)
def test_a_scheduler_that_cannot_be_reached_is_one_line(
    tmp_path, capsys, monkeypatch, options, message
):
    monkeypatch.setattr("imcmoo.io.machines.PATIENCE_S", 1)
    command = ["enumerate", STUDY, "--out", tmp_path / "there", "--quiet", *options]
    assert message in refused(capsys, *command)


@pytest.mark.usefixtures("_few")
def test_a_port_that_never_answers_is_one_line_in_time(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("imcmoo.io.machines.PATIENCE_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        line = refused(capsys, "enumerate", STUDY, "--out", tmp_path, "--scheduler", address)
    assert f"no scheduler answers at {address}: nothing within 1 s" in line


@pytest.mark.usefixtures("_few")
def test_a_certificate_that_is_none_is_one_line(tmp_path, capsys):
    import dask

    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate")
    names = "ca-file", "client.cert", "client.key"
    with dask.config.set({f"distributed.comm.tls.{name}": str(nothing) for name in names}):
        options = ["--out", tmp_path / "there", "--scheduler", "tls://127.0.0.1:1"]
        assert "no usable certificates" in refused(capsys, "enumerate", STUDY, *options)


def test_the_documented_commands_listen_on_this_machine_only():
    page = (ROOT / "docs" / "machines.md").read_text(encoding="utf-8")
    scheduler, worker = re.findall(r"^\$ dask (.*)$", page, re.MULTILINE)
    for command in (scheduler, worker):
        assert "--host 127.0.0.1" in command
        assert "--no-dashboard" in command or "--dashboard-address 127.0.0.1:" in command
