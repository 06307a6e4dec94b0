"""Commands write over nothing that they read, and over files of others only by force."""

import pytest

from imcmoo.cli.main import main
from problems import RRAM
from tests.cli.helpers import refused
from tests.reliability.drawn import small_model

CHIP = "rows=128,active_rows=64,bits_per_cell=1,input_slice_bits=1,adc_bits=8"
EVALUATE = ["evaluate", "designs.csv", "--device", "rram", "--workloads", "alexnet"]
ACCURACY = ["accuracy", "digits.onnx", "--data", "digits.npz", "--samples", "200"]
ACCURACY += ["--device", "sram", "--chips", "1"]

COMMANDS = {
    "evaluate --out": ([*EVALUATE, "--out"], "designs.csv"),
    "evaluate --breakdown": ([*EVALUATE, "--out", "o.csv", "--breakdown"], "designs.csv"),
    "import --out": (["import", "net.onnx", "--out"], "net.onnx"),
    "import --summary": (["import", "net.onnx", "--out", "o.csv", "--summary"], "net.onnx"),
    "accuracy --out": ([*ACCURACY, "--design", CHIP, "--out"], "digits.npz"),
    "accuracy --designs": ([*ACCURACY, "--designs", "run", "--out"], "run/design.json"),
    "report --out": (["report", "run", "--out"], None),
}
"""By option: the command without the file it writes, and a file that it reads."""


@pytest.fixture
def folder(request, tmp_path, monkeypatch):
    """The working folder, with what the commands read."""
    monkeypatch.chdir(tmp_path)
    design = ",".join(str(RRAM.values_of(name)[-1]) for name in RRAM.names)
    (tmp_path / "designs.csv").write_text(f"{','.join(RRAM.names)}\n{design}\n")
    (tmp_path / "net.onnx").write_bytes(small_model())
    if request.node.callspec.id.startswith("accuracy"):
        for path in request.getfixturevalue("digits"):
            (tmp_path / f"digits{path.suffix}").symlink_to(path)
        (tmp_path / "run").mkdir()
        pairs = (part.split("=") for part in CHIP.split(","))
        values = ", ".join(f'"{name}": {value}' for name, value in pairs)
        (tmp_path / "run/design.json").write_text(f'{{"design": {{{values}}}}}')
    else:
        (tmp_path / "run").symlink_to(request.getfixturevalue("small_run"))
    return tmp_path


@pytest.mark.parametrize("command", [words for words, _ in COMMANDS.values()], ids=COMMANDS)
def test_a_file_of_others_is_written_over_only_by_force(command, folder, capsys):
    (folder / "notes").write_text("precious\n")
    line = refused(capsys, *command, "notes")
    assert "notes is there and was not written by this command" in line
    assert (folder / "notes").read_text() == "precious\n"
    assert not (folder / "o.csv").exists()
    for force in (["--force"], []):  # the second time it is the command's own
        assert main([*command, "notes", *force]) == 0
    assert (folder / "notes").read_text() != "precious\n"


READING = {name: parts for name, parts in COMMANDS.items() if parts[1]}


@pytest.mark.parametrize(("command", "read"), READING.values(), ids=READING)
def test_an_input_is_never_written_over(command, read, folder, capsys):
    """Also where the output is a link to it."""
    before = (folder / read).read_bytes()
    (folder / "soft").symlink_to(folder / read)
    (folder / "hard").hardlink_to((folder / read).resolve())
    for name in (read, "soft", "hard"):
        assert "is the same file as the input" in refused(capsys, *command, name, "--force")
    assert (folder / read).read_bytes() == before
    assert not (folder / "o.csv").exists()
