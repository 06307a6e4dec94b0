"""`imcmoo new`: networks and limits in, a study file out, which every command takes."""

from pathlib import Path

import pytest

from tests.extras import needs

needs("onnx", "onnx")

from imcmoo.api import Study
from imcmoo.cli.main import main
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.networks.onnx_import.binding import set_batch
from imcmoo.networks.onnx_import.tensors import sizes_of
from tests.cli.helpers import contents, refused
from tests.networks.onnx_import import models


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of a user with two ONNX files, one of which leaves a size open."""
    inputs = [models.stored("w", (16, 3, 3, 3))]
    nodes = [models.node("Conv", ("x", "w"), kernel_shape=[3, 3], strides=[2, 2])]
    for name, size in (("first", 65), ("open", "width")):
        net = models.model(nodes, [models.tensor("x", (1, 3, 65, size))], inputs)
        models.onnx.save(net, tmp_path / f"{name}.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words):
    return main(["new", *words, "--quiet"])


def test_networks_and_limits_become_a_scenario_of_the_smallest_chip(folder):
    words = ("first.onnx", "mobilenet_v3_onnx", "--fps", "30,5", "--power", "2", "--area", "50")
    assert new(*words) == 0
    study = Study.load("first_mobilenet_v3_onnx.toml")
    assert study.names == ("first", "mobilenet_v3_onnx")
    assert [n.rate_Hz for n in study.networks] == [30, 5]
    assert study.scenario.max_average_power_W == 2
    assert (study.area_limit_mm2, study.criterion, study.device) == (50, "area", "sram")
    assert (folder / "first.csv").is_file()
    assert new(*words) == 0  # replaces what it has written


def test_other_devices_and_files_beside_another_folder_are_found(folder):
    assert new("first.onnx", "--fps", "30", "--out", "first.toml") == 0
    (folder / "chips").mkdir()
    words = ("first.csv", "--fps", "7", "--area", "2e3", "--device", "rram")
    assert new(*words, "--out", "chips/edge.toml") == 0
    study = Study.load("chips/edge.toml")
    assert (study.device, study.deployment) == ("rram", "together")
    assert (study.criterion, study.name) == ("average_power", "edge")


def test_a_device_that_keeps_weights_keeps_those_of_all_networks(monkeypatch):
    monkeypatch.setattr(memory_cell("dimc"), "streams", False)
    assert new("first.onnx", "--fps", "30", "--device", "dimc", "--out", "kept.toml") == 0
    assert "# DIMC keeps the weights of all networks" in Path("kept.toml").read_text("utf-8")
    assert Study.load("kept.toml").deployment == "together"


def test_an_open_first_axis_is_taken_as_the_batch_which_is_said(folder, capsys):
    net = models.onnx.load("first.onnx")
    net.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    models.onnx.save(net, "any_batch.onnx")
    assert new("first.onnx", "any_batch.onnx", "--fps", "30") == 0
    note = "warning: any_batch.onnx: the open first axis of x is taken as the batch: 1 frame"
    said = " ".join(capsys.readouterr().err.split())
    assert note in said
    assert "first.onnx: the open" not in said
    first, other = Study.load("first_any_batch.toml").network_set().workloads
    assert (first.shapes == other.shapes).all()


def test_the_symbol_of_the_batch_is_1_on_all_axes_and_a_sound_stays_whole():
    shapes = {"x": ("batch", 8), "state": (1, "batch", 4), "sound": ("samples",)}
    shapes |= {"image": ("?", 3, "?", "?"), "rows": (5, "?")}
    declared = {name: models.tensor(name, shape).type for name, shape in shapes.items()}
    assert set_batch(declared, 1) == ["x", "image"]
    sizes = {name: sizes_of(kind.tensor_type.shape) for name, kind in declared.items()}
    assert sizes == {
        **{"x": [1, 8], "state": [1, 1, 4], "sound": ["samples"]},
        **{"image": [1, 3, "?", "?"], "rows": [5, "?"]},
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["open.onnx", "--fps", "30"], "imcmoo import open.onnx --out open.csv, and give open.csv"),
        (["absent.onnx", "--fps", "30"], "absent.onnx"),
        (["first.onnx", "--fps", "30,20"], "--fps has 2 rates for 1 networks"),
        (["first.onnx", "--fps", "0"], "must be positive and finite, got 0"),
        (
            ["first.onnx", "--fps", "30", "--area", "0.001"],
            "--area 0.001: the smallest chip that runs",
        ),
        (["first.onnx", "--fps", "30", "--device", "dram"], "--device: unknown 'dram'"),
        (["first.onnx", "first.onnx", "--fps", "3"], "two networks are called 'first'"),
        (["first.onnx", "resnet99", "--fps", "3"], "first_resnet99.toml: networks[1].source"),
        (["first.onnx", "--fps", "3", "--out", "mine.toml"], "was not written by this command"),
    ],
)
def test_a_wrong_request_is_one_line_and_nothing_is_written(folder, words, message, capsys):
    (folder / "mine.toml").write_text("# a study of the user")
    before = contents(folder)
    assert message in refused(capsys, "new", *words)
    assert contents(folder) == before
