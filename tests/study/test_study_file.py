"""Study files: what they make, what they refuse, and that commands take them."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import problems
from imcmoo.__main__ import main
from imcmoo.answers.provenance import stamp_of_answers
from imcmoo.answers.results import Results
from imcmoo.api import Study
from imcmoo.hardware import component_table
from imcmoo.io.errors import InputError
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import Exponents
from imcmoo.report.terminal_tables import baseline_table
from imcmoo.study import schema
from imcmoo.study.catalogue import find_study
from imcmoo.study.schema import schema_text
from tests import ROOT
from tests.cli.helpers import refused, run_quietly
from tests.study.files import written

FOUR = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")

TRUE = tuple(f"{name}_onnx" for name in SHIPPED[:9])

COSTS = {7: 387.09, 10: 224.31, 14: 149.76, 22: 128.28, 32: 100.0, 45: 60.61}

FULL = """
name = "full"
device = "rram"
deployment = "together"
area_limit_mm2 = inf
budget = 50
seeds = [3, 4]
baselines = false

[space]
rows = [256, 128]
cols = 128

[[networks]]
source = "resnet18"
weight = 9
max_latency_s = 1e-3
min_fps = 2000

[[networks]]
source = "nets/own.csv"
max_energy_J = 0.5
max_power_W = 4

[score]
energy = 1
latency = 2
aggregate = "geomean"
"""

PLAIN = 'name = "x"\ndevice = "rram"\n[[networks]]\nsource = "alexnet"\n'


def shipped_csv(name):
    return ROOT / "imcmoo" / "networks" / "tables" / f"{name}.csv"


@pytest.fixture
def full(tmp_path):
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "own.csv").write_bytes(shipped_csv("alexnet").read_bytes())
    path = tmp_path / "full.toml"
    path.write_text(FULL, encoding="utf-8")
    return path


def _physical(size, device, space, networks, **more):
    name = f"{size}_workload_{device}_physical"
    return Study(name=name, space=space, networks=networks, model="physical", **more)


def _study(name, space, networks, **more):
    return Study(name=name, space=space, networks=networks, **more)


def _language_model(name, space):
    step = {"source": f"{name}_decode", "weights_of": f"{name}_prefill"}
    return Study(name=name, space=space, networks=[f"{name}_prefill", step], model="physical")


def test_the_built_in_studies_are_what_they_were():
    built_in = [
        _study("four_workload_rram", problems.RRAM, FOUR),
        _study("four_workload_sram", problems.SRAM, FOUR),
        _study("nine_workload_rram", problems.RRAM, SHIPPED, area_limit_mm2=1600),
        _study("nine_workload_sram", problems.SRAM_LARGE, SHIPPED),
        _study("technology_cost_sram", problems.SRAM_TECHNOLOGY, FOUR, cost=COSTS),
        _physical("four", "rram", problems.RRAM_PHYSICAL, TRUE[:4]),
        _physical("four", "sram", problems.SRAM_PHYSICAL, TRUE[:4]),
        _physical("four", "dimc", problems.DIMC_PHYSICAL, TRUE[:4]),
        _physical("nine", "rram", problems.RRAM_PHYSICAL_ATTENTION, TRUE, area_limit_mm2=4000),
        _physical("nine", "sram", problems.SRAM_PHYSICAL_ATTENTION, TRUE),
        _physical("nine", "dimc", problems.DIMC_PHYSICAL_ATTENTION, TRUE),
        _language_model("smollm", problems.RRAM_GENERATION),
        _language_model("gpt2", problems.SRAM_GENERATION),
        _language_model("qwen2.5-0.5b", problems.DIMC_GENERATION),
    ]
    small = {name: study for name, study in problems.STUDIES.items() if "_extended" not in name}
    assert {study.name: study for study in built_in} == small


@pytest.mark.parametrize("table", ["", "[space]\n"])
def test_of_many_faults_the_first_are_listed(tmp_path, monkeypatch, table):
    """Each is compared with every known name."""
    hints = []
    for module in ("imcmoo.study.faults", "imcmoo.space.restricted"):
        monkeypatch.setattr(f"{module}.did_you_mean", lambda *names: hints.append(names) or "")
    keys = "".join(f"key{i} = 1\n" for i in range(500))
    path = tmp_path / "s.toml"
    path.write_text(f"{keys}{PLAIN}" if not table else f"{PLAIN}{table}{keys}")
    with pytest.raises(InputError, match=r"key9: unknown") as raised:
        find_study(str(path))
    assert len(hints) == 10
    assert ("and 490 more faults" in str(raised.value)) == (not table)


def test_the_large_spaces_have_at_least_a_million_million_designs():
    sizes = [s.space.size for name, s in problems.STUDIES.items() if "_extended" in name]
    assert len(sizes) == 5
    assert min(sizes) >= 10**12


def test_every_key_reaches_the_study(full):
    study = find_study(str(full))
    assert study.names == ("resnet18", "own")
    assert study.workloads == ("resnet18", str(full.parent / "nets" / "own.csv"))
    assert study.weights == (9.0, 1.0)
    assert study.limits == {
        "resnet18": Limits(max_latency_s=1e-3, min_fps=2000.0),
        "own": Limits(max_energy_J=0.5, max_power_W=4.0),
    }
    assert study.score == Exponents(energy=1, latency=2, aggregate="geomean")
    assert (study.criterion, study.deployment) == ("score", "together")
    assert (study.area_limit_m2, study.budget, study.baselines) == (None, 50, False)
    assert (study.seed, study.seeds) == (3, (3, 4))
    assert study.space.values_of("rows") == (128, 256)
    assert study.space.fixed["cols"] == 128
    assert "cols" not in study.space.names
    assert pickle.loads(pickle.dumps(study)) == study


def test_what_is_left_out_is_as_in_a_study(tmp_path):
    path = written(tmp_path, PLAIN)
    assert find_study(path) == Study(
        name="x", device="rram", space=problems.RRAM, networks=["alexnet"], file=path
    )


def test_a_component_table_of_ones_own_is_relative_to_the_file(tmp_path):
    shipped = Path(component_table.__file__).parent / "components.npz"
    (tmp_path / "mine.npz").write_bytes(shipped.read_bytes())
    study = find_study(written(tmp_path, 'components = "mine.npz"\n' + PLAIN))
    assert study.components == str(tmp_path / "mine.npz")


PHYSICAL = 'model = "physical"\n' + PLAIN.replace("rram", "sram").replace("alexnet", "alexnet_onnx")

NO_NAME = ("", "-x", "--help", ".x", "_x", "x y", "x[red]", "[a]x", "x/y", "é", "x,y")
FAULTS = [
    ('"a\\nb\\u2028\\u001b" = 3\n' + PLAIN, r"a\nb\u2028\x1b: unknown key; allowed: name, model,"),
    ("budgit = 3\n" + PLAIN, "budgit: unknown key; did you mean 'budget'? allowed: name, model,"),
    (PLAIN + "wieght = 2\n",
     "networks[0].wieght: unknown key; did you mean 'weight'? allowed: source, weight,"),
    (PLAIN + "[score]\nenrgy = 2\n", "score.enrgy: unknown key; did you mean 'energy'? allowed:"),
    ('budget = "many"\n' + PLAIN, "budget: needs a whole number, got 'many'"),
    ("budget = 0\n" + PLAIN, "budget: must be at least 1, got 0"),
    ("baselines = 1\n" + PLAIN, "baselines: needs true or false, got 1"),
    ("seeds = [1, -1]\n" + PLAIN, "seeds[1]: must be at least 0, got -1"),
    ("area_limit_mm2 = nan\n" + PLAIN, "area_limit_mm2: must be at least 1e-06, got nan"),
    ("area_limit_mm2 = 1e-320\n" + PLAIN, "area_limit_mm2: must be at least 1e-06, got 1e-320"),
    (PLAIN.replace("rram", "rran"), "device: unknown 'rran'; did you mean 'rram'? allowed:"),
    (PLAIN.replace('"x"', '"../x"'), "name: the name of a study must be letters, digits"),
    *((PLAIN.replace('"x"', f'"{name}"'), f"beginning with a letter or digit, got '{name}'")
      for name in NO_NAME),
    *((PLAIN.replace('"x"', f'"{name}"'), f"name: no study can be called '{name}': ablation,")
      for name in ("exact", "published", "docs", "Exact", "comparison")),
    (PLAIN.replace("alexnet", "alexnot"),
     "networks[0].source: unknown workload 'alexnot'; did you mean 'alexnet'? known:"),
    (PLAIN.replace("alexnet", "no/a.csv"), "networks[0].source: FOLDER/no/a.csv: No such"),
    (PLAIN.replace("alexnet", "a.onnx"), "networks[0].source: import it first: imcmoo import"),
    *((PLAIN + f"weight = {weight}\n", f"networks[0].weight: must be {rule}, got ")
      for weight, rule in (("1e308", "at most 1e+06"), ("1e-320", "at least 1e-06"),
                           ("-1", "at least 1e-06"), ("nan", "finite"), ("inf", "finite"))),
    (PLAIN + "max_latency_s = 0\n", "networks[0].max_latency_s: must be above 0, got 0"),
    (PLAIN + "min_fps = inf\n", "networks[0].min_fps: must be finite, got inf"),
    (PLAIN + "weight_clip = 2\n", "networks[0].weight_clip: must be at most 1, got 2"),
    (PLAIN + "max_accuracy_drop = 2\n", "max_accuracy_drop: must be at most 1, got 2"),
    (PLAIN + 'layers_digital = ["fc2", "fc2"]\n', "layers_digital: 'fc2' is listed twice"),
    (PLAIN + "input_bits = 4\n", "the reference model knows inputs and weights of 8 bits"),
    (PLAIN + '[[networks]]\nsource = "alexnet"\n', "two networks are called 'alexnet'"),
    (PLAIN + "[space]\nrow = 128\n",
     "space.row: unknown parameter; did you mean 'rows'? space rram has voltage_V,"),
    (PHYSICAL + '[space]\nbase = "rram_physical"\n',
     "device: 'sram', but space rram_physical is of rram; leave space out, or say space = "),
    (PLAIN + "[space]\nrows = []\n", "space.rows: needs at least one value"),
    (PLAIN + "[space]\nrows = [64, 64]\n", "space.rows: a value is listed twice in 64, 64"),
    (PLAIN + "[space]\nrows = 1.5\n",
     "space.rows: 1.5 is not a whole number of at least 1; such as 32, 64"),
    (PLAIN + "[space]\nrows = [100, 128]\n",
     "no rram crossbar with node_nm=32, voltage_V=0.5, rows=100, cols=32 in the component table: "
     "rows 100 is missing there, available: 16, 32, 64, 128"),
    (PLAIN + '[space]\nbase = "rrm"\n', "space.base: unknown 'rrm'; did you mean 'rram'? allo"),
    (PLAIN + "[space]\nbase = [1]\n", "space.base: unknown [1]; allowed: dimc_generation,"),
    (PLAIN.replace("rram", "sram") + '[space]\nbase = "rram"\n',
     "device: 'sram', but space rram is of rram; leave space out, or say space = {"),
    (PLAIN.replace("rram", "sram") + "[space]\nbits_per_cell = 8\n",
     "bits_per_cell = 8, but sram cells hold at most 1"),
    (PLAIN + "[score]\nenergy = -1\n", "score.energy: must be at least 0, got -1"),
    (PLAIN + "[score]\n", "score: exponents must be at least 0 and finite, and one of them"),
    (PLAIN + '[score]\nfunction = "no.such:f"\n', "score: score 'no.such:f' cannot be imported"),
    ('criterion = "score"\n' + PLAIN, "criterion score: the study has no score of its own"),
    ('criterion = "edap_mx"\n' + PLAIN, "criterion: unknown 'edap_mx'; did you mean 'edap_max"),
    ('delay = "interval"\n' + PLAIN,
     "delay = 'interval' needs the physical model, not the reference model"),
    ('area = "package"\n' + PLAIN,
     "area = 'package' needs the physical model, not the reference model"),
    ('delay = "intervals"\n' + PLAIN,
     "delay: unknown 'intervals'; did you mean 'interval'? allowed: latency, interval"),
    ('model = "refrence"\n' + PLAIN, "model: unknown cost model 'refrence'"),
    ('components = "no.npz"\n' + PLAIN, "components: FOLDER/no.npz: No such file"),
    (PLAIN + "[cost]\n22 = 1.0\n", "cost: none at 32 nm; there are 22"),
    (PLAIN + "[cost]\nnew = 1.0\n", "cost.new: is not a technology node in nm"),
    (PLAIN + '[cost]\n"²" = 1.0\n', "cost.²: is not a technology node in nm"),
    (PLAIN + '[cost]\n"32" = 1.0\n"032" = 3.0\n', "cost.032: is the same node as '32'"),
    ('name = "x"\ndevice = "rram"\n', "networks: is missing"),
    ('[[networks]]\nsource = "alexnet"\n', "name: is missing",
     "device: is missing (rram or sram), or give a space"),
    *((f"compute_snr_limit_dB = {limit}\n" + PLAIN,
       f"compute_snr_limit_dB: must be finite or -inf, got {limit}") for limit in ("inf", "nan")),
    (PHYSICAL + "input_bits = 3\n", "input_bits of alexnet_onnx: 3 is given, must be 4 to 8"),
    ("compute_snr_limit_dB = 200\n" + PHYSICAL,
     "compute_snr_limit_dB: must be at most 100 dB, got 200"),
    ("adc_snr_limit_dB = 200\n" + PHYSICAL, "adc_snr_limit_dB: must be at most 100 dB, got 200"),
    ("adc_snr_limit_dB = 20\n" + PHYSICAL.replace("sram", "dimc"),
     "adc_snr_limit_dB: 20 is given, must be -inf on dimc: its sums are exact"),
    (PHYSICAL + "[space]\nglb_KiB = [128, 512]\n",
     "space.glb_KiB: 128 is given, but the component table has buffer"),
    (PHYSICAL + '[space]\ndram = "ddr5"\n', "space.dram: ddr5 is given, must be one of none, x16"),
    (PHYSICAL + "[space]\nsample_and_hold = [0, 2]\n",
     "space.sample_and_hold: 2 is given, must be a whole number of 0 to 1"),
    (PLAIN.replace("rram", "sram") + "[space]\nbits_per_cell = 0\n",
     "space.bits_per_cell: 0 is not a whole number of at least 1; such as 1"),
    ("budget = = 3\n", "not TOML: Invalid value (at line 1, column 10)"),
    ('budget = "many"\n' + PLAIN + "weight = -1\n[space]\nrow = 1\ncol = 1\n",
     "budget: needs a whole number, got 'many'",
     "space.row: unknown parameter; did you mean 'rows'?",
     "space.col: unknown parameter; did you mean 'cols'?",
     "networks[0].weight: must be at least 1e-06, got -1"),
]  # fmt: skip
"""Text of a study, and a line for each fault."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[1][:40])
def test_a_faulty_file_is_refused_with_a_line_for_each_fault(fault, tmp_path, capsys):
    text, *lines = fault
    path, out = written(tmp_path, text), tmp_path / "out"
    assert main(["run", path, "--out", str(out), "--quiet"]) == 2
    output = capsys.readouterr().err.removeprefix("imcmoo run: error: ").splitlines()
    assert len(output) == len(lines)
    for told, line in zip(output, lines, strict=True):
        assert told.startswith(f"{path}: ")
        assert line.replace("FOLDER", str(tmp_path)) in told
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("net", b"\xff\xfe\x00\x01", r"networks\[0\].source: .*not text in UTF-8"),
        *(
            (name, None, r"beginning with a letter or digit, got")
            for name in ("[a]net", ".n", "a,b")
        ),
    ],
)
def test_a_network_that_is_binary_or_has_no_name_for_tables_is_refused(
    tmp_path, name, content, message
):
    (tmp_path / f"{name}.csv").write_bytes(content or shipped_csv("alexnet").read_bytes())
    with pytest.raises(InputError, match=message) as caught:
        find_study(written(tmp_path, PLAIN.replace("alexnet", f"./{name}.csv")))
    assert f"{name}.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_snr_limit_can_be_left_out_and_a_switch_be_off(tmp_path):
    text = "compute_snr_limit_dB = -inf\n" + PHYSICAL + "[space]\nsample_and_hold = [0, 1]\n"
    study = find_study(written(tmp_path, text))
    assert study.compute_snr_limit_dB == -np.inf
    assert "adc_snr_limit_dB" not in study.to_config()
    assert "snr" in study.cost_model().resource_names
    one = find_study(written(tmp_path, "adc_snr_limit_dB = -inf\n" + text))
    assert find_study(written(tmp_path, one.to_toml())).adc_snr_limit_dB == -np.inf
    assert one.to_config()["adc_snr_limit_dB"] == "-inf"
    assert not {"snr", "compute_snr"} & {*one.cost_model().resource_names}
    stored = stamp_of_answers(study).to_json()
    assert "adc_snr_limit_dB" in stamp_of_answers(one).difference(stored)
    assert study.space.values_of("sample_and_hold") == (0, 1)


def test_the_published_schema_is_that_of_the_code():
    assert (ROOT / "docs" / "study.schema.json").read_text(encoding="utf-8") == schema_text()


def test_a_study_in_python_has_the_keys_and_faults_of_a_file():
    study = Study(name="own", space={"base": "rram", "rows": 128}, networks="alexnet")
    assert study.space.fixed["rows"] == 128
    assert study.networks[0].workload.name == "alexnet"
    with pytest.raises(ValueError, match="budgit: unknown key; did you mean 'budget'") as refusal:
        Study(name="own", space="rrm", networks=[{"source": "no.csv"}], budgit=3)
    told = str(refusal.value).splitlines()
    assert told[0].startswith("space.base: unknown 'rrm'; did you mean 'rram'?")
    assert told[1].startswith("networks[0].source: no.csv: No such file")
    assert len(told) == 3


def test_the_schema_is_written_whole_to_the_one_file_that_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, code in ([], 2), (["--help"], 0):
        with pytest.raises(SystemExit) as left:
            schema.main(arguments)
        assert left.value.code == code
    assert not list(tmp_path.iterdir())
    out = tmp_path / "schema.json"
    schema.main(["schema.json"])
    assert out.read_text(encoding="utf-8") == schema_text()
    monkeypatch.setattr(schema, "schema_text", lambda: "\ud800")  # has no UTF-8
    with pytest.raises(UnicodeEncodeError):
        schema.main(["schema.json"])
    assert out.read_text(encoding="utf-8") == schema_text()


SMALL = """
name = "small"
device = "rram"
budget = 60
seeds = [2, 5]
[space]
rows = 128
cols = 128
voltage_V = 0.5
cycle_s = [1e-9, 2e-9]
bits_per_cell = [4, 8]
glb_depth = [4096, 8192]
[[networks]]
source = "net.csv"
weight = 9
[[networks]]
source = "alexnet"
max_power_W = 26000
[score]
energy = 1
latency = 2
aggregate = "mean"
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small study, enumerated and run: its file and results."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "net.csv").write_bytes(shipped_csv("mobilenet_v3").read_bytes())
    file, out = folder / "small.toml", folder / "out"
    file.write_text(SMALL, encoding="utf-8")
    for command in ("enumerate", "run"):
        run_quietly(command, file, "--out", out, "--workers", 1)
    return file, out


def test_all_seeds_of_the_file_are_run_and_selected_by_the_score(small):
    _, out = small
    assert pd.read_csv(out / "small" / "seeds.csv")["seed"].tolist() == [2, 5]
    folder = out / "small" / "seed-5"
    selection = pd.read_csv(folder / "selection.csv").set_index("criterion")
    assert selection.index[selection["used"]].tolist() == ["score"]
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    rows = design["workloads"].values()
    terms = np.array([n["energy_J"] * n["latency_s"] ** 2 for n in rows])
    assert design["scores"]["score"] == pytest.approx(terms @ [0.9, 0.1], rel=1e-12)
    assert design["workloads"]["alexnet"]["power_W"] <= 26000


def test_the_exact_answer_is_that_of_all_designs(small):
    """Brute force over the space, limits and score written out here."""
    file, out = small
    problem = find_study(str(file)).problem()
    metrics = problem.model.evaluate(problem.space.unrank(np.arange(problem.space.size)))
    E, L, A = metrics.values["energy"], metrics.values["latency"], metrics.area_m2 * 1e6
    with np.errstate(invalid="ignore"):
        cool = E[:, 1] / L[:, 1] <= 26000
    fits = A <= 800
    feasible = np.isfinite(E).all(axis=1) & fits & cool
    free = np.isfinite(E).all(axis=1) & fits
    assert 0 < feasible.sum() < free.sum()
    optima = pd.read_csv(out / "enumerated" / "small" / "optima.csv").groupby("criterion")["value"]
    best = optima.first()
    score = (E * L**2) @ [0.9, 0.1]
    assert best["score"] == pytest.approx(score[feasible].min(), rel=1e-12)
    assert score[feasible].min() > score[free].min()  # the limit matters
    edap = E * L * A[:, None]
    # On a chip of its own each network keeps its own limits only.
    assert best["alone_net"] == pytest.approx(np.nanmin(edap[fits, 0]), rel=1e-12)
    assert best["alone_alexnet"] == pytest.approx(np.nanmin(edap[fits & cool, 1]), rel=1e-12)
    assert best["alone_net"] < best["edap_net"]


def test_a_baseline_beyond_a_network_s_limit_is_no_best_of_it(small):
    """The chip for `net` alone may heat as it likes; for `alexnet` it then does not count."""
    _, out = small
    frame = pd.read_csv(out / "small" / "seed-2" / "baselines.csv").set_index("optimised_for")
    rows = frame.loc["net"]
    assert rows["energy_alexnet_J"] / rows["latency_alexnet_s"] > 26000
    assert np.isnan(rows["relative_edap_alexnet"])
    optima = pd.read_csv(out / "enumerated" / "small" / "optima.csv").groupby("criterion")["value"]
    relative = rows["edap_net_J_s_mm2"] / optima.first()["alone_net"]  # to the exact optimum
    assert rows["relative_edap_net"] == pytest.approx(relative, rel=1e-12)
    table = baseline_table(Results.read(out / "small" / "seed-2"))
    assert "beyond its limits" in list(table.columns[2].cells)


def test_a_changed_network_file_is_noticed(small, capsys, tmp_path):
    file, out = small
    csv = file.parent / "net.csv"
    before = csv.read_bytes()
    csv.write_bytes(shipped_csv("resnet18").read_bytes())
    try:
        elsewhere = tmp_path / "out"
        shutil.copytree(out / "enumerated", elsewhere / "enumerated")
        assert main(["run", str(file), "--seed", "2", "--out", str(elsewhere)]) == 0
        assert "is of other networks: net" in capsys.readouterr().err
        assert main(["run", str(file), "--seed", "2", "--out", str(out), "--resume"]) == 2
    finally:
        csv.write_bytes(before)


@pytest.mark.parametrize("command", ["run", "enumerate"])
def test_where_nothing_is_feasible_the_nearest_chip_and_what_binds_are_named(
    small, command, tmp_path, capsys
):
    file = small[0].with_name("never.toml")
    file.write_text(SMALL.replace("max_power_W = 26000", "max_latency_s = 1e-9"), encoding="utf-8")
    output = refused(capsys, command, file, "--out", tmp_path, "--quiet", "--workers", "1")
    problem = find_study(str(file)).problem()
    metrics = problem.model.evaluate(problem.space.unrank(np.arange(problem.space.size)))
    fits = metrics.runs.all(axis=1) & (metrics.area_m2 <= 800e-6)
    least = metrics.latency_s[fits, 1].min()
    assert "the nearest (bits_per_cell 8, cycle_s 1e-09, router_groups " in output
    assert (
        f"max_latency_s of alexnet, while it runs alone: {least:.4g} s against 1e-09 s "
        f"({least / 1e-9:.3g} times)" in output
    )
