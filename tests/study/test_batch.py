"""Batches: several images of a network as one inference."""

import json

import numpy as np
import pytest

from imcmoo.answers.explain import explain
from imcmoo.answers.results import Results
from imcmoo.api import Study
from imcmoo.io.errors import InputError
from imcmoo.networks.workloads import DIMENSIONS, Workload
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import refused, run_quietly
from tests.exact.certified_spaces import SPACES, agrees, feasible_values, part_of, study_on
from tests.study.files import written

HEADER = "name,C,M,P,Q,R,S,G,N,dynamic\n"
ONE = "first,16,32,14,14,3,3,1,1,0\nscores,32,49,49,1,1,1,4,1,1\nlast,512,10,1,1,1,1,1,1,0\n"
FOUR = "first,16,32,14,14,3,3,1,4,0\nscores,32,49,49,1,1,1,16,1,1\nlast,512,10,1,1,1,1,1,4,0\n"
"""A network, and the same with the numbers of four images."""

SPACE = {
    "rows": [128, 256], "cols": 128, "active_rows": 32, "voltage_V": 0.8, "input_slice_bits": 1,
    "adc_bits": 6, "columns_per_adc": [4, 8], "macros_per_tile": 4, "tiles_per_group": 4,
    "router_groups": [1, 4], "glb_KiB": [256, 1024], "glb_banks": 4, "link_bits": 128,
    "schedule": ["layer", "pipelined"], "dram": ["x32", "hbm2"],
}  # fmt: skip


def network(folder, text, name="own.csv"):
    (folder / name).write_text(text)
    return str(folder / name)


def study(source, *, model="physical", **more):
    networks = {key: more.pop(key) for key in ("batch", "min_fps", "max_energy_J") if key in more}
    space = {"space": SPACE} if model == "physical" else {}
    return Study(
        name="own", model=model, device="sram", networks=[{"source": source, **networks}],
        criterion="edap_max", **space, **more,
    )  # fmt: skip


def evaluated(of):
    problem = of.problem()
    space = of.space
    levels = space.unrank(np.arange(space.size)) if space.size < 1000 else space.random(
        200, np.random.default_rng(1)
    )  # fmt: skip
    metrics = problem.model.evaluate(levels)
    F, G = problem.score(levels, metrics)
    return problem, metrics.values, F, G


@pytest.mark.parametrize("model", ["physical", "reference"])
def test_a_batch_of_four_is_a_table_of_four_times_the_images_and_edap_is_per_image(model, tmp_path):
    one, four = network(tmp_path, HEADER + ONE), network(tmp_path, HEADER + FOUR, "four.csv")
    problem, values, F, G = evaluated(study(one, model=model, batch=4))
    _, of_table, F_of_table, G_of_table = evaluated(study(four, model=model))
    np.testing.assert_array_equal(F, F_of_table)
    np.testing.assert_array_equal(G, G_of_table)
    runs = (G <= 0).all(axis=1)
    assert runs.sum() >= 4
    assert (
        values["energy"][runs] > 1.5 * evaluated(study(one, model=model))[1]["energy"][runs]
    ).all()
    edap = of_table["energy"] / 4 * of_table["latency"] * of_table["area"][:, None] * 1e6
    np.testing.assert_allclose(problem.costs(F[runs]).edap, edap[runs], rtol=1e-12)


def test_edap_by_the_interval_takes_the_interval_of_an_image(tmp_path):
    one = network(tmp_path, HEADER + ONE)
    problem, values, F, G = evaluated(study(one, batch=4, delay="interval"))
    edap = values["energy"] / 4 * values["interval"] / 4 * values["area"][:, None] * 1e6
    runs = (G <= 0).all(axis=1)
    np.testing.assert_allclose(problem.costs(F[runs]).edap, edap[runs], rtol=1e-12)


def test_a_batch_of_one_changes_nothing(tmp_path):
    source = network(tmp_path, HEADER + ONE)
    plain, one = study(source), study(source, batch=1)
    assert one.to_config() == plain.to_config()
    for ours, theirs in zip(evaluated(one)[2:], evaluated(plain)[2:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_products_of_activations_are_of_each_image():
    before = Workload.load("vision_transformer_onnx")
    after = before.of_batch(8)
    products = np.array(before.dynamic)
    assert products.any()
    ratio = dict(zip(DIMENSIONS, (after.shapes / before.shapes).T, strict=True))
    np.testing.assert_array_equal(ratio["G"], np.where(products, 8, 1))
    np.testing.assert_array_equal(ratio["N"], np.where(products, 1, 8))
    assert after.weights == before.weights
    assert before.of_batch(1) is before


def test_frames_are_images_and_limits_of_energy_are_of_the_batch(tmp_path):
    source = network(tmp_path, HEADER + ONE)
    limited = study(source, batch=4, min_fps=1000.0, max_energy_J=1e-6)
    problem, values, _, G = evaluated(limited)
    assert problem.constraint_names[-2:] == ["max_energy_J_own", "min_fps_own"]
    runs = (G[:, :-2] <= 0).all(axis=1)
    energy, frames = (np.exp2(G[runs, at]) for at in (-2, -1))
    np.testing.assert_allclose(energy, values["energy"][runs, 0] / 1e-6, rtol=1e-12)
    np.testing.assert_allclose(frames, 1000 * values["interval"][runs, 0] / 4, rtol=1e-12)


@pytest.mark.parametrize(("device", "delay"), [("rram", "interval"), ("sram", "latency")])
def test_optima_of_batches_are_certified(device, delay):
    rng = np.random.default_rng(5)
    (around,) = feasible_values(device, rng, 1)
    of = study_on(part_of(SPACES[device], rng, 1000, around), delay=delay)
    batches = zip(of.networks, (3, 2), strict=True)
    of = of.replace(networks=[n.replace(batch=batch) for n, batch in batches])
    assert of.problem().edap.images == (3, 2)
    assert agrees(of.problem(), "edap_max", "edap_geomean")


def test_a_table_of_a_batch_states_its_images_and_takes_no_other(tmp_path, capsys):
    table = network(tmp_path, "#batch=4\n" + HEADER + FOUR)
    assert Workload.load(table).images == 4
    assert study(table).problem().edap.images == (4,)
    toml = 'name = "own"\nmodel = "physical"\ndevice = "sram"\n[[networks]]\nsource = "own.csv"\n'
    with pytest.raises(
        InputError, match=r"networks\[0\]\.batch: own is of batch 4: import it with"
    ):
        find_study(written(tmp_path, toml + "batch = 2\n"))
    with pytest.raises(InputError, match=r"networks\[0\]\.batch: must be at least 1, got 0"):
        find_study(written(tmp_path, toml + "batch = 0\n"))
    with pytest.raises(InputError, match=r"networks\[0\]\.batch: must be at most 65536, got 65537"):
        find_study(written(tmp_path, toml + "batch = 65537\n"))
    network(tmp_path, "#batch=few\n" + HEADER + FOUR)
    assert "#batch=few: must be a whole number, 1 to 65536" in refused(
        capsys, "run", written(tmp_path, toml), "--out", tmp_path / "out"
    )


def test_a_table_of_too_many_images_is_refused(tmp_path):
    table = network(tmp_path, f"#batch={2**62 + 1}\n" + HEADER + ONE)
    with pytest.raises(
        ValueError, match=r"own\.csv: #batch=\d+: must be a whole number, 1 to 65536"
    ):
        Workload.load(table)


def test_a_layer_of_a_batch_has_no_more_products_than_a_layer_may_have(tmp_path):
    row = f"last,{2**30},{2**20},1,1,1,1,1,1,{{}}\n"
    for dynamic in (0, 1):
        of = Workload.load(network(tmp_path, HEADER + row.format(dynamic)))
        assert of.of_batch(2**12).images == 2**12
        for images in (2**12 + 1, 2**62 + 1):
            with pytest.raises(ValueError, match=r"layer 'last' of own then has more than 2\^62"):
                of.of_batch(images)


def test_a_run_states_the_images_of_its_networks(tmp_path):
    source = network(tmp_path, HEADER + ONE)
    file = written(tmp_path, study(source, batch=4, budget=8, baselines=False).to_toml())
    run_quietly("run", file, "--out", tmp_path)
    folder = tmp_path / "own" / "seed-1"
    assert json.loads((folder / "config.json").read_text())["images"] == [4]
    assert json.loads((folder / "design.json").read_text())["workloads"]["own"]["images"] == 4
    results = Results.read(folder)
    assert results.edap.images == (4,)
    front = results.front
    product = front["energy_own_J"] / 4 * front["latency_own_s"] * front["area_mm2"]
    np.testing.assert_allclose(front["edap_own_J_s_mm2"], product, rtol=1e-12)


def test_an_explanation_states_the_interval_of_an_image(tmp_path):
    of = study(network(tmp_path, HEADER + ONE), batch=4)
    problem, _, _, G = evaluated(of)
    levels = of.space.unrank(np.flatnonzero((G <= 0).all(axis=1))[:1])
    (explanation,) = explain(problem, of.resolved_criterion, levels, [("one",)])
    networks = explanation.tables["networks"]
    assert networks["images"].tolist() == [4]
    assert networks["interval_per_image_s"][0] == networks["interval_s"][0] / 4
