"""The key `assumptions` changes numbers of the cost model, for every verb alike."""

import pytest

import imcmoo
from imcmoo.cli.main import main
from imcmoo.study.schema import schema_text
from tests.cli.helpers import refused
from tests.study.test_what_if import study

HALVED = {"adc_energy_factor": 0.5}


@pytest.fixture(scope="module")
def score():
    """Score of the what-if row."""
    return study().what_if([HALVED])["score"][1]


def test_run_certify_and_enumerate_give_the_score_of_the_what_if_row(score, tmp_path):
    halved = study(assumptions=HALVED)
    run = halved.run(out=tmp_path, budget=8)
    assert run.explain().score == score
    assert run.results.config["assumptions"] == HALVED
    assert halved.certify(out=tmp_path)["edap_max"].value == score
    optima = halved.enumerate(out=tmp_path).optima
    assert score == optima.loc[optima["criterion"] == "edap_max", "value"].iloc[0]
    assert run.report().exists()
    with pytest.raises(imcmoo.InputError, match=r"settings: assumptions .*0\.5"):
        study().certify(out=tmp_path)


def test_a_file_states_the_assumptions(tmp_path):
    halved = study(assumptions=HALVED)
    path = tmp_path / "few.toml"
    path.write_text(halved.to_toml(), encoding="utf-8")
    assert "[assumptions]\nadc_energy_factor = 0.5\n" in path.read_text(encoding="utf-8")
    assert imcmoo.Study.load(path).to_config() == halved.to_config()
    assert '"assumptions"' in schema_text()


def test_the_command_line_adds_to_the_assumptions_of_the_file(tmp_path, capsys):
    path = tmp_path / "few.toml"
    path.write_text(study(assumptions={"clock_Hz": 8e8}).to_toml(), encoding="utf-8")
    words = ["run", str(path), "--out", str(tmp_path), "--budget", "8", "--quiet"]
    assert main([*words, "--assume", "adc_energy_factor=0.5"]) == 0
    folder = tmp_path / "few" / "seed-1"
    config = imcmoo.Run(folder, imcmoo.Study.load(path)).study.to_config()
    assert config["assumptions"] == {"clock_Hz": 8e8, **HALVED}
    assert "--assume adc_energy_factor=0.5" in imcmoo.Run(folder).results.config["command"]
    other = ["--study", str(path), "--quiet", "--assume", "clock_Hz=1e9"]
    assert main(["certify", str(path), "--out", str(tmp_path), *other[2:]]) == 0
    check = ["check-certificate", str(tmp_path / "certified" / "few")]
    assert main([*check, *other]) == 0
    assert "settings: assumptions (clock_Hz)" in refused(capsys, *check, *other[:3])
    assert "'x' is not NAME=VALUE" in refused(capsys, *words, "--assume", "x")
    fault = "assumptions.adc_energy_factor: 9 is outside its band 0.5 to 3.2"
    assert fault in refused(capsys, *words, "--assume", "adc_energy_factor=9")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"assumptions": {"adc_energy": 1.0}}, "did you mean 'adc_energy_factor'"),
        ({"assumptions": {"adc_energy_factor": "half"}}, "needs a number, got 'half'"),
        ({"assumptions": 0.5}, "assumptions: needs a table, got 0.5"),
        ({"assumptions": HALVED, "model": "reference", "space": "sram"}, "needs model = .physical"),
    ],
)
def test_a_wrong_assumption_is_one_fault(settings, fault):
    with pytest.raises(ValueError, match=fault):
        study(**settings)


def test_they_overrule_a_calibration_name_by_name():
    calibrated = study(calibration="wang_vlsi_2022")
    both = calibrated.replace(assumptions={"clock_Hz": 8e8}).cost_model().assumptions
    assert both == calibrated.cost_model().assumptions.having(clock_Hz=8e8)


def test_devices_and_scenarios_take_them():
    listed = imcmoo.Study(
        name="two",
        model="physical",
        device=["sram", "dimc"],
        networks=["resnet18_onnx"],
        assumptions={"clock_Hz": 8e8},
    )
    networks = [{"source": "resnet18_onnx", "rate_Hz": 1.0}]
    served = study(scenario={}, networks=networks, criterion="area", assumptions={"clock_Hz": 8e8})
    for one in (*listed.studies, served):
        assert one.cost_model().shipped.assumptions.clock_Hz.value == 8e8
