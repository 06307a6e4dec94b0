"""The table [uncertainty] of a study, and the draws of its costs."""

import math

import numpy as np
import pytest

import imcmoo
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.study.calibration import FACTORS, Calibration
from imcmoo.study.draws import draw_costs, uncertain_assumptions
from imcmoo.study.schema import schema_text
from imcmoo.study.uncertainty import UncertaintyTable, uncertainty_settings
from tests.cli.helpers import refused
from tests.study.test_what_if import SPACE, study

ADC_MODEL = Calibration.load("wang_vlsi_2022").adc_model
STATED = {"draws": 5, "assumed": ["pulse_s"], "bands": {"adc_time_factor": [0.8, 1.5]}}


def test_a_file_states_the_draws_and_they_change_no_other_answer(tmp_path):
    plain, stated = study(), study(uncertainty=STATED)
    path = tmp_path / "few.toml"
    path.write_text(stated.to_toml(), encoding="utf-8")
    assert "bands = { adc_time_factor = [0.8, 1.5] }" in path.read_text(encoding="utf-8")
    assert imcmoo.Study.load(path).uncertainty == stated.uncertainty
    assert stated.to_config() == plain.to_config()
    assert '"uncertainty"' in schema_text()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"assumed": ["pulse"]}, r"^uncertainty\.assumed: unknown .*did you mean 'pulse_s'"),
        ({"assumed": ["rram_sigma"]}, r"assumed: rram_sigma is never drawn \(noise"),
        ({"assumed": ["pulse_s", "pulse_s"]}, "listed twice"),
        ({"bands": {"clock": [1, 2]}}, r"bands\.clock: unknown .*did you mean 'clock_Hz'"),
        ({"bands": {"widest_sum_bits": [20, 24]}}, "never drawn"),
        ({"bands": {"clock_Hz": [1e8, 1e9]}}, r"bands\.clock_Hz: .*within 5e\+08 to 2e\+09"),
        ({"bands": {"clock_Hz": [1e9, 9e8]}}, "must rise"),
        ({"weights": True, "by": "edap_max"}, "edap_max ignores the weights"),
        ({"weights": True, "by": "regret_minimax"}, "set by to edap_geomean or edap_mean"),
        ({"draws": 10_001}, "at most 10000"),
        ({"quantile": 0.0}, "quantile: must be above 0"),
        ({"criterion": "robust"}, "allowed: robust_mean, robust_quantile, robust_worst"),
    ],
)
def test_a_wrong_key_is_refused(settings, fault):
    with pytest.raises(ValueError, match=fault):
        study(uncertainty=settings)


OWN = imcmoo.Criterion("own", lambda costs: costs["latency"].max(axis=1))
SCENARIO = {
    "scenario": {},
    "networks": [{"source": "resnet18_onnx", "rate_Hz": 1.0}],
    "criterion": "average_power",
}


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"tolerance": 0.1, "second_criterion": "edap_mean"}, "leave out tolerance"),
        ({"score": {"energy": 1.0}, "criterion": "score"}, r"leave out \[score\]"),
        ({"criterion": "tests.study.test_uncertainty:OWN"}, "no criterion of your own"),
        (SCENARIO, r"leave out \[scenario\]"),
    ],
)
def test_costs_of_some_studies_cannot_be_drawn(settings, fault):
    with pytest.raises(ValueError, match=fault):
        study(**settings, uncertainty={})
    with pytest.raises(ValueError, match=fault):
        uncertainty_settings(study(**settings))


def test_costs_of_the_reference_model_cannot_be_drawn():
    reference = imcmoo.Study.load("four_workload_sram")
    with pytest.raises(ValueError, match='need model = "physical"'):
        uncertainty_settings(reference)


def test_criteria_over_draws_are_of_the_command_robust(capsys, tmp_path):
    with pytest.raises(ValueError, match="use imcmoo robust STUDY --criterion robust_worst"):
        study(criterion="robust_worst")
    path = tmp_path / "few.toml"
    path.write_text(study().to_toml(), encoding="utf-8")
    for command in ("run", "certify"):
        words = [command, str(path), "--criterion", "robust_mean", "--out", str(tmp_path)]
        assert "use imcmoo robust STUDY" in refused(capsys, *words)


def test_no_study_is_called_robust():
    with pytest.raises(ValueError, match="robust are folders of commands"):
        study(name="robust")


def test_options_come_before_keys_and_keys_before_defaults():
    stated = study(uncertainty={"draws": 7, "seed": 2})
    assert uncertainty_settings(stated, draws=9).draws == 9
    assert uncertainty_settings(stated).seed == 2
    assert uncertainty_settings(study()) == UncertaintyTable()


@pytest.fixture(scope="module")
def calibrated():
    return study(calibration="wang_vlsi_2022", space={**SPACE, "adc_model": ADC_MODEL})


def test_a_calibration_gives_its_factors_intervals_about_the_fitted_values(calibrated):
    drawn, fitted = uncertain_assumptions(calibrated), calibrated.calibrated
    for name in FACTORS:
        factor, deviation = getattr(fitted.factors, name), getattr(fitted.deviations, name)
        one = getattr(drawn, name)
        assert (one.value, one.spread) == (factor, "interval90")
        if deviation <= math.log(2):
            assert one.high == pytest.approx(factor * math.exp(1.6448536 * deviation))
        else:
            assert one.high == max(factor, getattr(Assumptions(), name).high)


def test_a_measured_band_comes_before_the_calibration(calibrated):
    wide = calibrated.replace(uncertainty={"bands": {"adc_time_factor": [0.1, 20.0]}})
    table = {one.name: one for one in draw_costs(wide, wide.uncertainty).all}
    assert (table["adc_time_factor"].known.low, table["adc_time_factor"].known.high) == (0.1, 20.0)
    with pytest.raises(ValueError, match=r"within 0\.55 to 1\.8"):
        study(uncertainty={"bands": {"adc_time_factor": [0.1, 20.0]}})


def test_draws_have_the_assumed_values_and_the_weights_of_the_study():
    table = draw_costs(
        study(assumptions={"clock_Hz": 8e8}), UncertaintyTable(draws=2, weights=True)
    )
    assert table.base.clock_Hz.value == 8e8
    assert table.networks == ("mobilenet_v3_onnx", "resnet18_onnx")
    np.testing.assert_allclose(table.weights.sum(axis=1), 2)
