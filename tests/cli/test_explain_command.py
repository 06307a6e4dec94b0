"""`imcmoo explain`: what a run stored, or any design of a file; bad input is one line."""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.answers.explanation import TABLES, read_explanations, to_json
from imcmoo.answers.provenance import run_config, study_of_run
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.study.catalogue import find_study
from imcmoo.version import __version__
from tests.cli.helpers import refused, seal

STUDY = "four_workload_rram"


@pytest.fixture
def older(small_run, tmp_path):
    """A copy of the run without explanations."""
    folder = tmp_path / "older"
    shutil.copytree(small_run, folder)
    (folder / "explain.json").unlink()
    return folder


def change_config(folder, **changes):
    """Change what a run says of itself."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    seal(folder)


def explain(*args):
    return main(["explain", *map(str, args)])


def explained(capsys, *args):
    assert explain(*args, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_is_explained_from_what_it_stored(small_run, capsys, monkeypatch):
    monkeypatch.setattr("imcmoo.study.study.Study.cost_model", None)
    result = explained(capsys, small_run)
    design = json.loads((small_run / "design.json").read_text(encoding="utf-8"))
    assert result["names"][0] == "selected"
    assert result["design"] == design["design"]
    assert result["chip"] == design["chip"]
    assert result["score"] == design["scores"]["regret_minimax"]
    networks = pd.DataFrame(result["tables"]["networks"]).set_index("network")
    for name, figures in design["workloads"].items():
        for column in ("energy_J", "latency_s", "power_W", "W_per_mm2", "tops_per_W"):
            assert networks.loc[name, column] == figures[column]


def test_the_file_tells_of_the_baselines_and_the_front_is_worked_out_when_asked(small_run, capsys):
    result = read_explanations(small_run / "explain.json")
    names = [name for e in result for name in e.names]
    assert len(set(names)) == len(names)
    assert {"selected", "alone_vgg16", "alone_mobilenet_v3"} <= set(names)
    assert all({n.split("_")[0] for n in e.names} & {"selected", "alone"} for e in result)
    other = explained(capsys, small_run, "--design", "alone_vgg16")
    baseline = pd.read_csv(small_run / "baselines.csv").set_index("optimised_for").loc["vgg16"]
    assert all(other["design"][name] == baseline[name] for name in ("rows", "cols", "cycle_s"))
    front = pd.read_csv(small_run / "front.csv").iloc[0]
    for name in ("front_1", "edap_max"):
        assert name in explained(capsys, small_run, "--design", name)["names"]
    assert explained(capsys, small_run, "--design", "front_1")["design"]["rows"] == front["rows"]


def test_a_run_without_the_file_is_worked_out_anew_to_the_same(small_run, older, capsys):
    assert explained(capsys, older) == explained(capsys, small_run)


def test_an_unknown_design_is_named_though_the_study_is_not_at_hand(small_run, tmp_path, capsys):
    folder = tmp_path / "own"
    shutil.copytree(small_run, folder)
    change_config(folder, study="mine")
    line = refused(capsys, "explain", folder, "--design", "alone_joint")
    assert "explains no design 'alone_joint'; known: selected, " in line
    line = refused(capsys, "explain", folder, "--design", "front_1")
    assert f"does not fit the study {STUDY}" in line
    (folder / "study.toml").unlink()
    assert "unknown study 'mine'" in refused(capsys, "explain", folder, "--design", "front_1")


def test_a_run_with_a_setting_that_its_study_lacks_is_refused(older, capsys):
    change_config(older, scaling="reference")
    line = refused(capsys, "explain", older)
    assert f'the study {STUDY}: it is of other settings: scaling "reference" (here null)' in line


def test_a_run_of_an_earlier_version_is_refused_and_its_version_named(older, capsys):
    change_config(older, stamp=None)
    assert f"an older version of imcmoo than {__version__}" in refused(capsys, "explain", older)


def test_no_module_is_imported_because_a_folder_of_results_names_it(
    small_run, tmp_path, capsys, monkeypatch
):
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')\n")
    (tmp_path / "evil.toml").write_text(
        'name = "evil"\ndevice = "rram"\ncriterion = "evil:x"\n[[networks]]\nsource = "alexnet"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for changes, output in (
        ({"criterion": "evil:x"}, "names the criterion evil:x, whose module would run code"),
        ({"study": "evil.toml"}, f"does not fit the study {STUDY}"),
        ({"study": str(tmp_path / "evil.toml")}, f"does not fit the study {STUDY}"),
        ({"model": "evil:X"}, "is of other settings: model"),
    ):
        older = tmp_path / "older"
        shutil.copytree(small_run, older)
        change_config(older, **changes)
        assert explain(older) == 0  # from what is stored
        (older / "explain.json").unlink()
        assert output in refused(capsys, "explain", older)
        shutil.rmtree(older)
    assert "evil" not in sys.modules


def test_a_study_with_or_without_a_key_of_the_run_is_another_one(tmp_path):
    paths = []
    for name, more in (("plain", ""), ("clipped", "weight_clip = 0.5\n")):
        paths.append(tmp_path / f"{name}.toml")
        paths[-1].write_text(
            'name = "x"\nmodel = "physical"\ndevice = "sram"\n[[networks]]\n'
            'source = "alexnet_onnx"\n' + more
        )
    for path, other in (paths, paths[::-1]):
        run = run_config(find_study(str(path)))
        with pytest.raises(InputError, match=r"does not fit .* x: it is of other settings: weight"):
            study_of_run(tmp_path, run, str(other))
        assert study_of_run(tmp_path, run, str(path)).name == "x"


def test_a_run_of_another_cost_model_is_not_worked_out_anew(older, capsys):
    selection = pd.read_csv(older / "selection.csv")
    selection["energy_vgg16_J"] *= 1.001
    selection.to_csv(older / "selection.csv", index=False)
    change_config(older)
    assert "is of other numbers of the cost model (energy " in refused(capsys, "explain", older)


def test_a_design_of_a_file_costs_what_it_costs_in_the_run(small_run, capsys):
    whole = explained(capsys, small_run)
    alone = explained(capsys, small_run / "design.json", "--study", STUDY)
    line = int(np.argmax(pd.read_csv(small_run / "selection.csv")["used"])) + 2
    by_line = explained(capsys, f"{small_run}/selection.csv:{line}", "--study", STUDY)
    for result in (alone, by_line):
        assert result["against"] == "this design"
        assert result["design"] == whole["design"]
        assert result["tables"]["layers"] == whole["tables"]["layers"]
        assert result["tables"]["changes"] == whole["tables"]["changes"]


def test_csv_writes_all_tables_or_none(small_run, tmp_path, capsys):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "layers.csv").write_text("precious\n")
    line = refused(capsys, "explain", small_run, "--csv", folder)
    assert "layers.csv is there and was not written by this command" in line
    assert [p.name for p in folder.iterdir()] == ["layers.csv"]
    assert (folder / "layers.csv").read_text() == "precious\n"
    assert explain(small_run, "--csv", folder, "--force") == 0
    assert explain(small_run, "--csv", folder) == 0
    written = {p.stem: pd.read_csv(p) for p in folder.iterdir()}
    assert set(written) == {"chip", *TABLES} - {"scenario", "power"}
    assert written["chip"]["area_mm2"].iloc[0] == pytest.approx(written["areas"]["area_mm2"].sum())
    assert "tables/networks.csv" in capsys.readouterr().out


DESIGN = ["--study", STUDY]
BAD = [
    ("nowhere", [], "no folder of a run, design.json or FILE.csv:LINE"),
    ("", [], "holds no complete run"),
    (
        "seed-1",
        ["--study", "nine_workload_rram"],
        "does not fit the study nine_workload_rram: it is of ",
    ),
    ("seed-1", ["--design", "nobody"], "explains no design 'nobody'; known: selected"),
    ("seed-1/design.json", [], "give --study"),
    ("seed-1/design.json", ["--study", "four_workload_sram"], "device is rram"),
    ("seed-1/config.json", DESIGN, "is no design.json"),
    ("seed-1/none.json", DESIGN, "does not exist"),
    ("seed-1/front.csv", DESIGN, "which line of"),
    ("seed-1/front.csv:1", DESIGN, "no design on line 1"),
    ("seed-1/trace.csv:2", DESIGN, "line 1: no column voltage_V"),
    ("seed-1/front.csv:2", ["--study", "none"], "unknown study 'none'"),
    ("seed-1/front.csv:2", ["--design", "x"], "--design is for the folder of a run"),
]


@pytest.mark.parametrize(("path", "options", "message"), BAD)
def test_bad_input_is_one_line(small_run, capsys, path, options, message):
    assert message in refused(capsys, "explain", small_run.parent / path, *options)


@settings(max_examples=20)
@given(data=st.data())
def test_a_damaged_file_is_one_line(small_run, tmp_path_factory, data):
    stored = (small_run / "explain.json").read_bytes()
    at = data.draw(st.integers(0, len(stored) - 1))
    kind = data.draw(st.sampled_from(["cut", "flipped"]))
    flipped = bytes([stored[at] ^ (1 << data.draw(st.integers(0, 7)))])
    path = tmp_path_factory.mktemp("damaged") / "explain.json"
    path.write_bytes(stored[:at] + (flipped + stored[at + 1 :] if kind == "flipped" else b""))
    with pytest.raises(InputError, match="is damaged: remove it"):
        read_explanations(path)


def test_what_is_read_is_what_was_written(small_run):
    lines = (small_run / "explain.json").read_text(encoding="utf-8").splitlines()
    result = read_explanations(small_run / "explain.json")
    assert [to_json(e) for e in result] == [line.removesuffix(",") for line in lines[2:-1]]
