"""Factors fitted to a macro: the fit, what is refused, and studies that apply it."""

import json
import math
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from imcmoo.__main__ import main
from imcmoo.api import Study
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import InputError
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.study import calibration
from imcmoo.study.calibration import ERROR, FACTORS, PRIOR, Calibration, Macro, calibrate, presets
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import refused

WANG = (calibration.PRESETS / "wang_vlsi_2022.toml").read_text(encoding="utf-8")
MACRO = tomllib.loads(WANG)
TABLE = PhysicalTable.load()


def written(folder, text, name):
    """Writes a file of TOML; returns its path."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def macro(settings=None, **changes):
    """The macro of Wang et al., with other keys; those that are None are left out."""
    table = {k: v for k, v in (MACRO["macro"] | changes).items() if v is not None}
    return Macro(macro=table, setting=settings or MACRO["setting"])


def factors(fitted):
    return {name: getattr(fitted.factors, name) for name in FACTORS}


def test_a_quantity_measured_alone_draws_its_factor_all_but_the_prior_s_share():
    """Only the time is measured, and the ADC takes nearly all of it."""
    settings = [{"use": "fit", "voltage_V": 1.0, "time_ns": 4.593}]
    fit = calibration._Fit(macro(settings, area_um2=None, adc_area_share=None), TABLE)
    blind, doubled = (fit.modelled(np.log([1, 1, 1, f, 1, 1]))["time_s"][0] for f in (1, 2))
    share = doubled / blind - 1
    logs, deviations = fit.solve()
    # The optimum of (ln ratio / ln 1.1)² + (ln factor / ln 3)², with a slope of the time's share.
    slope = share * math.exp(logs[3]) / (1 + share * (math.exp(logs[3]) - 1))
    ratio = math.log(fit.ratios(fit.modelled(logs))[0])
    assert logs[3] == pytest.approx(-ratio * slope * (PRIOR / ERROR) ** 2, rel=1e-6)
    assert deviations[3] == pytest.approx(1 / math.hypot(slope / ERROR, 1 / PRIOR), rel=1e-6)
    assert np.delete(logs, 3) == pytest.approx(0, abs=1e-9)
    assert np.delete(deviations, 3) == pytest.approx(PRIOR)


def test_an_adc_whose_energy_alone_is_measured_gets_ratio_to_the_power_0_9925():
    """2,660 fJ per conversion, of which the model has 578.6 fJ."""
    first = MACRO["setting"][0] | {"energy_pJ": 16 * 2.66 / 0.34}
    fit = calibration._Fit(macro([first]), TABLE)
    fit._is_fitted = np.array([quantity == "adc_energy_share" for _, quantity, _ in fit.measured])
    logs, _ = fit.solve()
    assert math.exp(logs[0]) == pytest.approx(4.545, abs=5e-4)
    assert logs[0] == pytest.approx(0.99253 * math.log(2660 / 578.6), rel=1e-4)


def test_the_factors_of_a_published_macro():
    expected = (4.56, 1.08, 3.48, 0.61, 1.37, 2.68)
    fitted, measurements = macro().calibrate()
    assert tuple(factors(fitted).values()) == pytest.approx(expected, rel=5e-3)
    assert fitted.worst_test < 1.3
    blind = {key: [m.blind for m in measurements if m.quantity == key] for key in calibration.COSTS}
    assert 0.37 < min(blind["energy_pJ"]) < max(blind["energy_pJ"]) < 0.47
    assert 1.5 < min(blind["time_ns"]) < max(blind["time_ns"]) < 2.1


def test_a_share_counts_beside_the_total():
    """Without the share of the ADC the total alone leaves its factor nearer to 1."""
    settings = [{k: v for k, v in MACRO["setting"][0].items() if k != "adc_energy_share"}]
    both, total = (macro(s).calibrate()[0].factors.adc_energy_factor for s in (None, settings))
    assert 1 < total < both


@pytest.mark.parametrize(
    "change", [{}, {"sample_and_hold": 1}, {"input_coding": "pulses"}, {"adc_noise": 10}]
)
def test_the_fit_scales_costs_as_the_model_does(change):
    fit = calibration._Fit(macro(**change), TABLE)
    logs = np.array([0.3, -0.2, 0.5, 0.9, 0.1, -0.4])
    scaled = fit.scaled(fit.modelled(np.zeros(6)), logs)
    for name, values in fit.modelled(logs).items():
        assert scaled[name] == pytest.approx(values, rel=1e-12), name


def test_a_macro_whose_noise_is_known_pays_for_it_with_energy_of_its_adcs():
    """64 products of 8-bit inputs and one-bit cells at 1.0 V and 22 nm."""
    unknown, known = (
        calibration._Fit(macro(adc_noise=n), TABLE).modelled(np.zeros(6))["energy_adc_J"][0]
        for n in (0, 100)
    )
    full_V = 1.2 / (1.2 + 0.7 * 22 / 28)
    unit_V2 = (full_V / (64 * 255)) ** 2
    sampling_V2 = 2 * 1.380649e-23 * 300 / (64 * 1.2e-15 / full_V)
    left_V2 = max(unit_V2 - sampling_V2, 0.01 * unit_V2)
    decision_J = 34e-15 / 1.44 * (0.4e-3) ** 2 / left_V2
    assert (known - unknown) / 16 == pytest.approx(8 * (decision_J - 0.6e-18 * 4**8))


def test_factors_touch_neither_adder_nor_hold_nor_the_time_of_the_array():
    changed = dict.fromkeys(FACTORS, 3.0)
    costs = []
    changed |= {"adc_area_factor": 2.0}
    for assumptions in (Assumptions(), Assumptions().drawn(changed)):
        fit = calibration._Fit(macro(sample_and_hold=1), TABLE)
        costs.append(
            calibration.macro_costs(
                fit._rows, TABLE, assumptions=assumptions, adc_model="sar_noise", held=True
            ).iloc[0]
        )
    blind, scaled = costs
    for part in ("energy_shift_add_J", "energy_hold_J", "area_shift_add_m2"):
        assert blind[part] > 0
        assert scaled[part] == blind[part]
    for part in ("energy_adc_J", "energy_dac_J", "energy_cells_J", "area_cells_m2"):
        assert scaled[part] == pytest.approx(3 * blind[part], rel=1e-12)
    assert scaled["area_drivers_m2"] == pytest.approx(3 * blind["area_drivers_m2"], rel=1e-12)
    assert scaled["area_adc_m2"] == pytest.approx(2 * blind["area_adc_m2"], rel=1e-12)


def test_settings_to_test_do_not_change_the_fit():
    fitted, measurements = macro().calibrate()
    alone, _ = macro(MACRO["setting"][:1]).calibrate()
    assert factors(alone) == factors(fitted)
    assert alone.tested == "not tested"
    assert len(fitted.test) == sum(one.use == "test" for one in measurements) == 8
    off = [max(one.calibrated, 1 / one.calibrated) for one in measurements if one.use == "test"]
    assert fitted.worst_test == pytest.approx(max(off))


def test_what_no_measurement_determines_says_so(tmp_path, capsys):
    text = WANG[: WANG.index("area_um2")] + WANG[WANG.index("\n[[setting]]") :]
    path = written(tmp_path, text, "mine")
    assert main(["calibrate", path]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "_factor" in line]
    named = [line.split()[1] for line in told if "undetermined" in line]
    assert named == ["adc_area_factor", "array_area_factor"]


def test_what_stands_in_is_noted(tmp_path, capsys):
    text = WANG.replace("rows = 512", "rows = 400").replace("= 0.7\n", "= 0.71\n")
    assert main(["calibrate", written(tmp_path, text, "mine")]) == 0
    told = capsys.readouterr().out
    assert "note: time of 512 rows" in told
    assert "note: 0.71 V as 0.7 V" in told


def test_the_file_holds_what_was_fitted(tmp_path):
    path = written(tmp_path, WANG, "mine")
    out, fitted, _ = calibrate(path)
    assert out == tmp_path / "mine.calibration.toml"
    assert Calibration.load(out) == fitted
    other, *_ = calibrate(path, out=tmp_path / "other.toml")
    assert other.read_bytes() == out.read_bytes()


@pytest.mark.parametrize("name", presets())
def test_a_shipped_calibration_is_what_the_command_writes(name):
    shipped = Calibration.load(name)
    fitted, _ = Macro.load(calibration.PRESETS / f"{name}.toml").calibrate()
    assert shipped.model_dump(exclude={"factors", "deviations", "test"}) == fitted.model_dump(
        exclude={"factors", "deviations", "test"}
    ), f"imcmoo calibrate imcmoo/hardware/calibrations/{name}.toml --force"
    assert factors(fitted) == pytest.approx(factors(shipped), rel=1e-4)
    for ours, theirs in zip(fitted.test, shipped.test, strict=True):
        assert ours.calibrated == pytest.approx(theirs.calibrated, rel=1e-4)


FIRST = 'use = "fit"\nvoltage_V = 1.0'


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('use = "fit"', 'use = "test"', 'setting: no setting has use = "fit"'),
        ("adcs = 16", "adcs = 16\nadc = 16", "macro.adc: unknown key; did you mean '"),
        ("time_ns = 4.593", "time_s = 4e-9", "setting[0].time_s: unknown key"),
        ("[macro]", "[other]\nx = 1\n[macro]", "other: unknown key; allowed: macro, setting"),
        ("technology_nm = 22", "technology_nm = 130", "macro.technology_nm: 130 nm is outside"),
        ("rows = 512", "rows = 4096", "macro.rows: 4096 rows are more than 2 times off the 1024"),
        ("cols = 128", "cols = 9000", "macro.cols: 9000 cols are more than 2 times off the 1024"),
        ("voltage_V = 1.1", "voltage_V = 1.5", "setting[4].voltage_V: 1.5 V is outside"),
        ("adc_energy_share = 0.34", "adc_energy_share = 0.4", "setting[0]: adc_energy_share, "),
        ("adc_energy_share = 0.34", "adc_energy_share = 1.2", "must be at most 1, got 1.2"),
        ("energy_pJ = 125.1", "energy_pJ = 0.06", "input_energy_factor would be"),
        ("time_ns = 4.593", "time_ns = 0.002", "adc_time_factor would be"),
        ("time_ns = 6.948\nenergy_pJ = 64.00", "", "setting[1]: needs time_ns or energy_pJ"),
        ("energy_pJ = 125.1\n", "", "setting[0]: adc_energy_share needs energy_pJ"),
        ("area_um2 = 124000\n", "", "macro: adc_area_share needs area_um2"),
        ("products = 64", "products = 600", "macro: products must be at most rows, 512"),
        ("adcs = 16", "adcs = 129", "macro: adcs must be at most cols, 128"),
        ("adc_bits = 8", "adc_bits = 13", "macro.adc_bits: 13 is given, must be at most 12"),
        ("adc_bits = 8", 'adc_bits = 8\nadc_model = "sar"', "macro: unknown adc_model 'sar'"),
        ("adc_bits = 8", 'adc_bits = 3\nadc_model = "isaac"', "macro.adc_bits: "),
        ("adc_bits = 8", "adc_bits = 8\nadc_noise = 401", "macro.adc_noise: must be at most 400"),
        ("adc_bits = 8", "adc_bits = 8\nbits_per_cell = 2", "bits_per_cell must be 1 for SRAM"),
        ('device = "sram"', 'device = "dimc"', "dimc has no ADC to fit"),
        ('device = "sram"', 'device = "sramm"', "macro.device: unknown 'sramm'; did you mean"),
        ("rows = 512", "rows = ", "not TOML"),
    ],
)  # fmt: skip
def test_a_macro_that_cannot_be_fitted_is_refused_with_file_and_key(
    tmp_path, capsys, old, new, told
):
    assert old in WANG
    path = written(tmp_path, WANG.replace(old, new, 1), "mine")
    error = refused(capsys, "calibrate", path)
    assert f"{path}: " in error
    assert told in error
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.toml"]


def test_devices_of_one_bit_per_cell_are_fitted_with_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(memory_cell("rram"), "multilevel", False)
    text = WANG.replace('device = "sram"', 'device = "rram"\nbits_per_cell = 2', 1)
    error = refused(capsys, "calibrate", written(tmp_path, text, "mine"))
    assert "bits_per_cell must be 1 for RRAM" in error


def test_a_wrong_unit_is_asked_for(tmp_path, capsys):
    path = written(tmp_path, WANG.replace("energy_pJ = 125.1", "energy_pJ = 12510"), "mine")
    assert "energy of one invocation, or of one operation?" in refused(capsys, "calibrate", path)


def test_a_file_that_is_there_is_kept_without_force(tmp_path, capsys):
    path = written(tmp_path, WANG, "mine")
    out = tmp_path / "mine.calibration.toml"
    out.write_text("kept")
    assert f"{out}: is there already; --force" in refused(capsys, "calibrate", path)
    assert out.read_text() == "kept"
    assert main(["calibrate", path, "--force", "--quiet"]) == 0
    assert Calibration.load(out).macro == "Wang VLSI 2022"


def test_the_file_of_the_macro_is_never_written_over(tmp_path, capsys):
    path = written(tmp_path, WANG, "mine")
    error = refused(capsys, "calibrate", path, "--out", path, "--force")
    assert "is the file of the macro" in error
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == WANG


STUDY = """
name = "own"
model = "physical"
device = "sram"
budget = 20
baselines = false
calibration = "mine.calibration.toml"
networks = "mobilenet_v3_onnx"

[space]
adc_model = "sar_noise"
voltage_V = [0.8, 1.0]
rows = [64, 128]
cols = 128
active_rows = 64
input_slice_bits = 1
router_groups = 32
tiles_per_group = [4, 8]
macros_per_tile = 4
glb_KiB = 1024
glb_banks = 4
columns_per_adc = [2, 4]
adc_bits = 6
dram = "x64"
"""


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A study file with a calibration beside it."""
    folder = tmp_path_factory.mktemp("calibrated")
    calibrate(written(folder, WANG, "mine"))
    return written(folder, STUDY, "own")


def copied(study, folder):
    """Copies the calibration of a study into another folder; returns the path of the copy."""
    name = "mine.calibration.toml"
    return Path(shutil.copy(Path(study).parent / name, folder / name))


def test_a_study_evaluates_with_the_fitted_factors_and_bands(calibrated):
    study = Study.load(calibrated)
    fitted = study.calibrated
    stated = study._assumptions()
    for name, value in factors(fitted).items():
        assumption, deviation = getattr(stated, name), getattr(fitted.deviations, name)
        assert assumption.value == value
        assert math.log(assumption.high / value) == pytest.approx(2 * deviation)
        assert math.log(value / assumption.low) == pytest.approx(2 * deviation)
    levels = np.random.default_rng(0).integers(0, study.space.shape, (8, len(study.space.shape)))
    blind = study.replace(calibration=None)
    ours, theirs = (s.cost_model().evaluate(levels).values for s in (study, blind))
    ratio = ours["energy"] / theirs["energy"]
    assert (ratio[np.isfinite(ratio)] > 1.2).all()
    assert study.cost_model().data_digest != blind.cost_model().data_digest


def test_a_calibration_is_part_of_the_settings_and_survives_as_a_file(calibrated, tmp_path):
    study = find_study(calibrated)
    config = study.to_config()["calibration"]
    assert config["macro"] == "Wang VLSI 2022"
    assert config["tested"].startswith("8 tested values are off by at most ")
    assert "calibration" not in study.replace(calibration=None).to_config()
    again = Study.load(written(tmp_path, study.to_toml(), "again"))
    assert again.calibrated == study.calibrated


def test_a_shipped_calibration_is_named():
    study = Study(name="x", model="physical", device="sram", networks="resnet18",
                  space={"adc_model": "sar_noise"}, calibration="wang_vlsi_2022")  # fmt: skip
    assert study.calibrated == Calibration.load("wang_vlsi_2022")
    assert 'calibration = "wang_vlsi_2022"' in study.to_toml()


def test_run_report_and_explain_say_to_which_macro_costs_are_calibrated(
    calibrated, tmp_path, capsys
):
    assert main(["run", calibrated, "--out", str(tmp_path)]) == 0
    tested = Study.load(calibrated).calibrated.tested
    told = f"Costs are calibrated to Wang VLSI 2022 at 0.7 to 1.1 V, 22 nm, 512 rows ({tested})."
    assert told in " ".join(capsys.readouterr().out.split())
    folder = tmp_path / "own" / "seed-1"
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    beyond = f"This chip is beyond the measurement: {{}}rows {design['design']['rows']}."
    at_node = beyond.format("")
    elsewhere = beyond.format(f"technology_nm {design['design']['technology_nm']}, ")
    assert design["caution"].startswith((f"{told} {at_node} ", f"{told} {elsewhere} "))
    assert design["calibration"]["factors"] == factors(Study.load(calibrated).calibrated)
    assert main(["explain", str(folder)]) == 0
    assert told in capsys.readouterr().out
    assert main(["explain", str(folder / "design.json"), "--study", calibrated]) == 0
    assert told in capsys.readouterr().out
    assert main(["report", str(folder), "--out", str(tmp_path / "page.html")]) == 0
    assert told in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("design", "beyond"),
    [
        ({"technology_nm": 22, "rows": 512, "voltage_V": 0.7}, ""),
        ({"technology_nm": 22, "rows": 512, "voltage_V": 1.2}, "voltage_V 1.2"),
        ({"technology_nm": 32, "rows": 128, "voltage_V": 0.9}, "technology_nm 32, rows 128"),
    ],
)
def test_a_chip_beyond_the_measurement_is_told(design, beyond):
    fitted = Calibration.load("wang_vlsi_2022")
    assert fitted == Calibration(**fitted.model_dump())
    said = fitted.measured.left_by(design)
    assert said == (f"This chip is beyond the measurement: {beyond}." if beyond else "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('device = "sram"', 'device = "rram"', "is of sram, but the study is of rram"),
        ('"sar_noise"', '"murmann"', "is of ADC model sar_noise, but designs have murmann"),
        ("mine.calibration", "none.calibration", "No such file"),
        (
            "mine.calibration.toml",
            "wang_vlsi",
            "unknown preset 'wang_vlsi'; did you mean 'wang",
        ),
        ("mine.calibration.toml", "own.toml", "own.toml: no calibration of imcmoo calibrate"),
    ],
)
def test_a_study_of_something_else_is_refused(calibrated, tmp_path, capsys, old, new, told):
    text = STUDY.replace(old, new, 1)
    if "rram" in new:  # columns that RRAM does not have
        text = text.replace("rows = [64, 128]", "rows = [64, 128]\nbits_per_cell = 1")
    copied(calibrated, tmp_path)
    path = written(tmp_path, text, "own")
    assert told in refused(capsys, "run", path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("pattern", "new", "told"),
    [
        ("model_version = ", "model_version = 1", "is of model version 1, this is "),
        ("components = ", 'components = "abc"', "is of another component table"),
        ("adc_energy_factor = ", "adc_energy_factor = -1", "factors.adc_energy_factor: must be"),
    ],
)
def test_a_calibration_of_another_model_is_refused(
    calibrated, tmp_path, capsys, pattern, new, told
):
    out = copied(calibrated, tmp_path)
    lines = out.read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(pattern))
    lines[at] = new
    out.write_text("\n".join(lines), encoding="utf-8")
    assert told in refused(capsys, "run", written(tmp_path, STUDY, "own"), "--out", tmp_path)


@pytest.mark.parametrize(
    ("table", "value", "told"),
    [
        ("factors", "1e-300", "factors.adc_energy_factor: must be at least 0.033333, got 1e-300"),
        ("factors", "30.1", "factors.adc_energy_factor: must be at most 30, got 30.1"),
        (
            "deviations",
            "1e300",
            "deviations.adc_energy_factor: must be at most 1.09861, got 1e+300",
        ),
    ],
)
def test_a_factor_or_deviation_that_no_fit_gives_is_refused(tmp_path, table, value, told):
    text = (calibration.PRESETS / "wang_vlsi_2022.calibration.toml").read_text(encoding="utf-8")
    above, title, below = text.partition(f"[{table}]\n")
    _, rest = below.split("\n", 1)
    path = written(
        tmp_path, f"{above}{title}adc_energy_factor = {value}\n{rest}", "own.calibration"
    )
    with pytest.raises(ValueError, match=re.escape(told)):
        Calibration.load(path)


def test_the_reference_model_takes_no_calibration():
    with pytest.raises(ValueError, match=r"calibration: needs model = .physical., got 'reference'"):
        Study(name="x", device="sram", networks="resnet18", calibration="wang_vlsi_2022")


def test_python_gives_the_same_errors_without_a_traceback_of_ours(tmp_path):
    with pytest.raises(InputError, match="nothing to fit to"):
        Macro.load(written(tmp_path, WANG.replace('use = "fit"', 'use = "test"'), "mine"))
