"""The answer of a study under changes equals that of a study with these changes."""

import io
import math

import pandas as pd
import pytest

import imcmoo
from imcmoo.answers.answer import REFUSED
from imcmoo.ask.flip import model_assumptions
from imcmoo.cli.main import main
from imcmoo.cli.what_if_command import change
from imcmoo.exact.enumeration import Enumeration
from imcmoo.report.what_if_table import what_if_table
from imcmoo.solve.solve import solve_all
from imcmoo.study.vary import changed, vary
from tests.cli.helpers import refused

SPACE = {
    "base": "sram_physical",
    "voltage_V": 0.9,
    "rows": [128, 256],
    "cols": 128,
    "active_rows": 128,
    "weight_coding": "differential",
    "input_slice_bits": 1,
    "input_coding": "levels",
    "adc_bits": 7,
    "columns_per_adc": [2, 8],
    "sample_and_hold": 1,
    "ping_pong": 0,
    "tiles_per_group": 4,
    "router_groups": 32,
    "glb_KiB": 1024,
    "dram": ["x64", "hbm2"],
    "buffer_words": 1,
    "adc_noise": 10,
}


def study(**settings):
    networks = [{"source": "mobilenet_v3_onnx"}, {"source": "resnet18_onnx"}]
    keys = {"name": "few", "model": "physical", "device": "sram", "criterion": "edap_max"}
    return imcmoo.Study(**{**keys, "space": SPACE, "networks": networks, **settings})


def optimum(one, **options):
    """Best score and its design, by evaluating every design."""
    problem = one.problem(one.cost_model(**options))
    answer = Enumeration(problem).answer()
    best = answer.optima[one.score_name]
    return best.value, problem.space.designs(problem.space.unrank(best.ranks[:1]))[0]


@pytest.fixture(scope="module")
def table():
    changes = [
        {"technology_nm": 22},
        {"adc_energy_factor": 0.5},
        {"weight_bits": 4, "columns_per_adc": 4},
        {"networks": 1},
        {"area_limit_mm2": 0.1},
    ]
    return study().what_if(changes).set_index("change")


def test_each_answer_is_the_optimum_of_the_changed_study(table):
    first = study()
    networks = [{"source": n, "weight_bits": 4} for n in first.names]
    halved = model_assumptions(first).having(adc_energy_factor=0.5)
    expected = {
        "as it is": optimum(first),
        "technology_nm=22": optimum(study(space={**SPACE, "technology_nm": 22})),
        "adc_energy_factor=0.5": optimum(first, assumptions=halved),
        "weight_bits=4, columns_per_adc=4": optimum(
            study(space={**SPACE, "columns_per_adc": 4}, networks=networks)
        ),
        "networks=1": optimum(study(networks=["mobilenet_v3_onnx"])),
    }
    for name, (score, design) in expected.items():
        row = table.loc[name]
        assert row["score"] == pytest.approx(score, rel=1e-12)
        assert (row["answer"], row["gap"]) == ("certified", 0)
        assert {key: row[key] for key in design} == design
    assert len({score for score, _ in expected.values()}) == len(expected)


def test_a_change_without_feasible_chip_says_why_and_keeps_the_others(table):
    row = table.loc["area_limit_mm2=0.1"]
    assert row["answer"] == "no feasible chip"
    assert "the smallest chip that runs all networks takes" in row["note"]
    assert math.isnan(row["score"])
    assert pd.isna(table.loc["networks=1", "energy_resnet18_onnx_J"])


def test_limits_without_bounds_are_enumerated():
    row = study().what_if([{"max_power_W": 1e3}]).iloc[1]
    assert (row["answer"], row["gap"]) == ("enumerated", 0)
    assert row["score"] == pytest.approx(optimum(study())[0])


def test_another_device_keeps_the_values_that_it_has_and_names_the_others():
    one = study(compute_snr_limit_dB=20)
    after, dropped = changed(one, {"device": "dimc", "voltage_V": 1.0})
    assert after.device == "dimc"
    assert after.space.values_of("columns_per_adc") == (2, 8)
    assert after.space.values_of("voltage_V") == (1.0,)
    assert "adc_bits = 7" in dropped
    assert after.compute_snr_limit_dB is None


def test_a_key_of_one_network_changes_that_network_only():
    with pytest.raises(ValueError, match="changes are a list of dictionaries, got one"):
        vary(study(), {"rows": 64})
    with pytest.raises(imcmoo.InputError, match="changes are a list of dictionaries, got one"):
        study().what_if({"rows": 64})
    (after,) = vary(study(), [{"resnet18_onnx.min_fps": 10, "precision": 4}])
    assert [n.min_fps for n in after.networks] == [None, 10]
    assert {(n.input_bits, n.weight_bits) for n in after.networks} == {(4, 4)}


def test_values_are_read_as_in_a_study_file():
    read = change("rows=[64,128],dram=x16,voltage_V=0.9,networks=[a, b]")
    assert read == {"rows": [64, 128], "dram": "x16", "voltage_V": 0.9, "networks": ["a", "b"]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "few.toml"
    path.write_text(study(baselines=False).to_toml(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("row=64", "row=64: row: no key of the study"),
        ("row=64", "did you mean 'rows'?"),
        ("rows", "'rows' is not KEY=VALUE"),
        ("rows=64,rows=128", "'rows' is set twice"),
        ("glb_KiB=77", "glb_KiB=77: space.glb_KiB: 77 is given"),
        ("networks=3", "networks: the study has 2, got 3"),
        ("adc_energy_factor=1e9", "adc_energy_factor"),
        ("min_fps=-1", "min_fps"),
        ("networks=2.5", "networks: needs how many"),
        ("networks=[1,2]", "networks: needs how many"),
        ("device=[sram,dimc]", "device: needs one name"),
        ("adc_energy_factor=abc", "adc_energy_factor: needs a number"),
        (",", "is not KEY=VALUE"),
        ("rows=[64,128", "lacks a closing ]"),
    ],
)
def test_a_wrong_change_is_one_line_and_names_the_change(file, words, message, capsys):
    assert message in refused(capsys, "what-if", file, "--set", words)


def test_each_format_holds_every_answer(table):
    shown = what_if_table(study(), table.reset_index())
    texts = [str(shown.to_rich().columns[2]._cells), shown.to_markdown(), shown.to_latex()]
    for text in texts:
        assert "22 *" in text.replace("\\*", "*")
        assert "certified" in text
    assert "| area (mm²) |" in texts[1]
    assert f"EDAP, max {table['score'].iloc[0]:.4g} J·s·mm² |" in texts[1]
    assert r"area (mm$^2$) & " in texts[2]
    assert "area_limit_mm2=0.1: no design " in texts[1]


def test_costs_that_rise_besides_the_score_are_named_with_the_change():
    rows = [("as it is", 1.0, 4.0, 1.0), ("rows=64", 0.5, 4.2, 1.005), ("rows=256", 2.0, 4.0, 0.9)]
    frame = pd.DataFrame(rows, columns=["change", "area_mm2", "package_mm2", "energy_J"])
    frame = frame.assign(answer="certified", criterion="area", score=1.0, note="")
    notes = what_if_table(study(criterion="area"), frame).notes
    assert notes[1:] == ["rows=64: worse besides the score: package +5 %"]
    # The score of the answer is not named, that of the study is; zeros and gains have no ratio.
    frame = frame.assign(criterion="energy", accuracy_drop=0.0, snr_one_dB=[3.0, 2.0, 9.0])
    notes = what_if_table(study(criterion="area"), frame).notes
    assert notes[1:] == [
        "rows=64: worse besides the score: package +5 %",
        "rows=256: worse besides the score: area +100 %",
    ]


def test_the_energy_of_a_batch_is_compared_per_image():
    one = study(space={**SPACE, "rows": 128, "columns_per_adc": 2, "dram": "x64"})
    frame = one.what_if([{"batch": 8}, {"resnet18_onnx.batch": 4}])
    assert frame["images_resnet18_onnx"].tolist() == [1, 8, 4]
    table = what_if_table(one, frame)
    (cells,) = (row for row in table.rows if row[0] == "ResNet18 energy (mJ)")
    energy = frame["energy_resnet18_onnx_J"]
    for cell, value, images in zip(cells[2:], energy[1:], (8, 4), strict=True):
        change = 100 * (value / images / energy[0] - 1)
        assert cell == f"{1e3 * value:.4g} of {images} images (−{-change:.3g} % per image)"
    notes = " ".join(table.notes)
    assert "ResNet18 energy" not in notes
    assert "ResNet18 latency +" in notes
    more = [("as it is", 1.0, 1), ("batch=8", 8.0, 8), ("batch=2", 2.1, 2)]
    columns = ["change", "energy_resnet18_onnx_J", "images_resnet18_onnx"]
    frame = pd.DataFrame(more, columns=columns).assign(answer="", criterion="area", note="")
    table = what_if_table(one, frame)
    assert table.rows[2][2:] == [
        "8000 of 8 images (equal per image)",
        "2100 of 2 images (+5 % per image)",
    ]
    assert table.notes[1:] == ["batch=2: worse besides the score: ResNet18 energy +5 % per image"]


def test_the_regret_of_one_network_is_said_to_be_0_by_definition():
    frame = study().what_if([{"networks": 1, "criterion": "regret_minimax"}])
    assert (frame["score"].iloc[1], frame["note"].iloc[0]) == (0, "")
    assert frame["note"].iloc[1].startswith("the regret of one network is 0 by definition")


def test_without_batches_a_table_says_nothing_of_images(table):
    assert not [c for c in table if c.startswith("images")]


def test_the_command_prints_one_row_per_answer_as_csv(file, capsys):
    words = ["what-if", str(file), "--quiet", "--set", "technology_nm=22", "--format", "csv"]
    assert main(words) == 0
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(frame["technology_nm"]) == [32, 22]
    assert frame["area_mm2"][1] < frame["area_mm2"][0]


@pytest.fixture(scope="module")
def devices():
    """A study of two devices, and a change that one of them refuses."""
    space = {**{k: SPACE[k] for k in ("voltage_V", "rows", "cols", "active_rows", "dram")}}
    keys = {"buffer_words": 1, "ping_pong": 0, "router_groups": 32, "tiles_per_group": 4}
    return imcmoo.Study(
        name="two",
        model="physical",
        device=["sram", "dimc"],
        networks=["mobilenet_v3_onnx"],
        criterion="edap_max",
        space={
            **space, **keys, "rows": 128, "glb_KiB": 1024,
            "sram": {k: SPACE[k] for k in ("adc_bits", "columns_per_adc", "adc_noise")},
        },
    )  # fmt: skip


def test_a_list_of_devices_has_a_row_for_each_device_and_change(devices):
    frame = devices.what_if([{"technology_nm": 22}, {"adc_bits": 6}])
    assert frame["change"].tolist() == [c for c in frame["change"].unique() for _ in range(2)]
    assert frame["device"].tolist() == ["sram", "dimc"] * 3
    assert frame["answer"].tolist() == ["certified"] * 5 + ["refused"]
    assert "adc_bits" in frame["note"].iloc[-1]
    for device, one in zip(devices.devices, devices.studies, strict=True):
        alone = one.what_if([{"technology_nm": 22}])["score"]
        assert frame.loc[frame["device"] == device, "score"][:2].tolist() == alone.tolist()
    table = what_if_table(devices, frame)
    assert table.columns[1:4] == ["as it is · sram", "as it is · dimc", "technology_nm=22 · sram"]
    with pytest.raises(imcmoo.InputError, match="device: two lists devices"):
        devices.what_if([{"device": "rram"}])
    with pytest.raises(imcmoo.InputError, match="row: no key of the study"):
        devices.what_if([{"row": 64}])


def test_a_change_that_every_device_refuses_is_refused_in_each_row():
    listed = imcmoo.Study(
        name="two", model="physical", device=["sram", "rram"], networks=["mobilenet_v3_onnx"]
    )
    assert listed.studies[0].resolved_criterion.is_regret
    change = {"adc_noise": [5, 10], "adc_model": "murmann"}
    answers = solve_all([variant for one in listed.studies for variant in vary(one, [change])])
    assert [each.how for each in answers] == [REFUSED] * 2
    assert all("adc_noise" in each.why for each in answers)
