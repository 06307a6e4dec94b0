"""Input that is damaged, endless or far too large is one line, at once; so is Ctrl-C."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from imcmoo.cli.main import main
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.solve import enumerate as enumerating
from imcmoo.space.designs_csv import read_designs
from problems import RRAM
from tests import ROOT
from tests.cli.helpers import python, refused, write_study

QUICK_S = 2.0
"""CPU time within which any input is read or refused."""


@pytest.mark.parametrize("change", [np.ravel, lambda a: np.full(a.shape, {}), lambda a: a[..., :0]])
@pytest.mark.parametrize("table", [ComponentTable, PhysicalTable])
def test_a_component_table_of_other_arrays_is_refused(table, change, tmp_path):
    files = {ComponentTable: "components.npz", PhysicalTable: "physical_components.npz"}
    with np.load(ROOT / "imcmoo" / "hardware" / files[table]) as shipped:
        arrays = dict(shipped)
    for name in ("buffer.keys", "buffer.values"):
        np.savez(tmp_path / "t.npz", **{**arrays, name: change(arrays[name])})
        with pytest.raises(ValueError, match=r"t\.npz|buffer"):
            table.load(tmp_path / "t.npz")


def test_a_number_of_5000_digits_is_one_line_wherever_it_stands(tmp_path, capfd):
    digits = "9" * 5000
    study = Path(write_study(tmp_path, 1))
    refused(capfd, "run", study, "--budget", digits)
    refused(capfd, "run", study, "--seed", digits)
    (tmp_path / "n0.csv").write_text(f"name,C,M,P,Q\na,{digits},1,1,1\n")
    refused(capfd, "run", study, "--out", tmp_path / "out")
    text = study.read_text()
    for line in (f"weight = {digits}", f"weight = {'9' * 400}", "input_bits = 99999999999999999"):
        (tmp_path / "n0.csv").write_text("name,C,M,P,Q\na,1,1,1,1\n")
        study.write_text(text + line + "\n")
        refused(capfd, "run", study, "--out", tmp_path / "out")


def test_a_file_or_link_in_the_place_of_unfinished_work_is_one_line(tmp_path, capfd):
    study, folder = write_study(tmp_path, 1), tmp_path / "many" / "seed-1"
    folder.mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    for kind, make in {
        "a file": lambda path: path.write_text("mine"),
        "a symbolic link": lambda path: path.symlink_to(tmp_path / "mine"),
    }.items():
        make(folder / ".work")
        line = refused(capfd, "run", study, "--budget", 20, "--out", tmp_path, "--quiet")
        assert f".work is {kind}, not a folder of imcmoo: move it away" in line
        (folder / ".work").unlink()


@pytest.fixture(params=["device", "pipe"])
def endless(request, tmp_path):
    if request.param == "device":
        return Path("/dev/zero")
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_input_without_an_end_is_one_line(endless, tmp_path, capfd):
    study = Path(write_study(tmp_path, 1))
    refused(capfd, "run", endless)
    refused(capfd, "import", endless, "--out", tmp_path / "net.csv")
    (tmp_path / "n0.csv").unlink()
    (tmp_path / "n0.csv").symlink_to(endless)
    refused(capfd, "run", study, "--out", tmp_path / "out")
    (tmp_path / "n0.csv").unlink()
    (tmp_path / "n0.csv").write_text("name,C,M,P,Q\na,1,1,1,1\n")
    study.write_text(f'components = "{endless}"\n' + study.read_text())
    refused(capfd, "run", study, "--out", tmp_path / "out")
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").symlink_to(endless)
    refused(capfd, "report", run)
    (run / "certificate.json").symlink_to(endless)
    refused(capfd, "check-certificate", run)


def within(seconds, function, *args):
    began = time.process_time()
    result = function(*args)
    assert time.process_time() - began < seconds
    return result


def test_many_values_of_a_parameter_are_refused_at_once(tmp_path, capfd):
    study = Path(write_study(tmp_path, 1))
    many = ", ".join(map(str, range(1, 100_001)))
    study.write_text(study.read_text().replace("rows = [128, 512]", f"rows = [{many}]"))
    output = within(QUICK_S, refused, capfd, "run", study, "--out", tmp_path / "out")
    assert "has 100,000 values; a parameter takes at most 1,000" in output


def test_many_columns_are_read_or_refused_at_once(tmp_path, capfd):
    names = ",".join(f"c{i}" for i in range(100_000))
    study = Path(write_study(tmp_path, 1))
    (tmp_path / "n0.csv").write_text(f"name,C,M,P,Q,{names}\na,1,1,1,1{',1' * 100_000}\n")
    output = within(QUICK_S, refused, capfd, "run", study, "--out", tmp_path / "out")
    assert "100,005 columns; at most 200 are read" in output
    first = RRAM.decode(np.zeros((1, len(RRAM.shape)), dtype=np.int64))
    header, row = ",".join(RRAM.names), ",".join(str(first[n][0]) for n in RRAM.names)
    (tmp_path / "d.csv").write_text(f"{header},{names}\n{row}{',1' * 100_000}\n")
    assert within(QUICK_S, read_designs, tmp_path / "d.csv", RRAM).tolist() == [[0] * 9]


def test_a_space_too_large_to_enumerate_is_refused_at_once(tmp_path, capfd):
    study = "technology_cost_extended"
    began = time.process_time()
    output = refused(capfd, "enumerate", study, "--out", tmp_path, "--quiet")
    assert time.process_time() - began < 10 * QUICK_S
    assert f"`imcmoo certify {study}`" in output
    assert list(tmp_path.rglob("*.csv")) == []


def test_a_space_that_the_screen_makes_small_is_enumerated(tmp_path, monkeypatch):
    study = write_study(tmp_path, 2)
    out = ["--out", str(tmp_path / "out"), "--workers", "1", "--quiet"]
    monkeypatch.setattr(enumerating, "MAX_DESIGNS", 10)
    assert main(["enumerate", study, *out]) == 2
    monkeypatch.setattr(enumerating, "MAX_DESIGNS", 10**8)
    assert main(["enumerate", study, *out]) == 0


def test_more_workers_than_cores_are_warned_of(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("imcmoo.cli.arguments.cores", lambda: 1)
    study = write_study(tmp_path, 1)
    assert main(["enumerate", study, "--workers", "64", "--out", str(tmp_path), "--quiet"]) == 0
    assert "warning: 64 processes share 1 cores" in capfd.readouterr().err


@pytest.mark.parametrize("columns", ["0", "1", "20"])
def test_a_narrow_terminal_costs_nothing(columns, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    study, out = write_study(tmp_path, 2), str(tmp_path / "out")
    assert main(["run", study, "--budget", "40", "--out", out]) == 0
    assert main(["explain", f"{out}/many/seed-1"]) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs a limit of file sizes")
@pytest.mark.parametrize(
    "limit", [0, 150_000, *(pytest.param(n, marks=pytest.mark.slow) for n in (60_000, 158_000))]
)
def test_a_disk_that_is_full_while_a_figure_is_written_is_its_own_error(limit, tmp_path):
    code = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from matplotlib.figure import Figure\n"
        "from imcmoo.cli.command_line import run\n"
        "from imcmoo.report.style import save\n"
        "figure = Figure()\n"
        "figure.subplots().scatter(*np.random.default_rng(0).random((2, 9999)))\n"
        f"signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"sys.exit(run('p', lambda: save(figure, Path({str(tmp_path)!r}), 'f'), interrupted=''))\n"
    )
    done = python(code, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("p: error: ")
    assert len(done.stderr.splitlines()) == 1


INTERRUPTED = """
import builtins, os, signal, sys
before = builtins.__import__
def interrupted(name, *args, **kwargs):
    if name == {at!r}:
        builtins.__import__ = before
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
    return before(name, *args, **kwargs)
signal.signal(signal.SIGINT, signal.default_int_handler)
builtins.__import__ = interrupted
from {module} import main
sys.exit(main({arguments!r}))
"""


RUNS = {"imcmoo.cli.main": ["run", "gone.toml"], "experiments.run": ["gone.toml"]}
SLOW = ("pandas", "pydantic", "rich.console")


@pytest.mark.parametrize(
    "at",
    ["numpy", "pymoo.core.problem", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)],
)
@pytest.mark.parametrize(("module", "arguments"), RUNS.items())
def test_ctrl_c_while_modules_are_imported_is_one_line(at, module, arguments):
    code = INTERRUPTED.format(at=at, module=module, arguments=arguments)
    done = python(code, check=False)
    assert done.returncode == 130, done.stderr
    assert "interrupted" in done.stderr
    assert len(done.stderr.splitlines()) == 1
