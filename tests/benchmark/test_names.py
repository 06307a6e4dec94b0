import numpy as np
import pytest

from imcmoo import benchmark
from imcmoo.benchmark import truth
from imcmoo.benchmark.problem_names import FURTHER, problem_study
from imcmoo.benchmark.random_problems import DESIGNS, SPACES, random_study
from imcmoo.io.errors import InputError
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.parameters import Categorical, Conditional


def test_every_listed_name_is_of_a_study():
    listed = benchmark.names()
    assert len(set(listed)) == len(listed) == sum(len(benchmark.names(k)) for k in benchmark.KINDS)
    studies = [problem_study(name) for name in listed]
    assert len({study.name for study in studies}) == len(listed)


def test_any_subset_of_networks_and_any_area_can_be_named():
    study = problem_study("rram/alexnet+resnet50/123mm2-v1")
    assert study.workloads == ("alexnet", "resnet50")
    assert study.area_limit_m2 == pytest.approx(123e-6)
    assert study.space.fixed["device"] == "rram"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("four_workload_sram", "did you mean 'four_workload_sram-v1'"),
        ("four_workload_sram-v2", "unknown problem"),
        ("four_workload_sram_interval-v1", "unknown problem"),
        ("sram/resnet19/100mm2-v1", "no network 'resnet19'"),
        ("sram/vgg16+resnet18/100mm2-v1", "usual order: resnet18\\+vgg16"),
        ("sram/vgg16+vgg16/100mm2-v1", "each network once, in the usual order: vgg16"),
        (3, "unknown problem '3'"),
        (None, "unknown problem 'None'"),
        ("sram/vgg16/0mm2-v1", "unknown problem"),
        ("sram/resnet18+mobilenet_v3/0100mm2-v1", "did you mean 'sram/"),
        ("random/physical/007-v4", "unknown problem"),
        ("four_workload_sram_physical-v1", "now there is 'four_workload_sram_physical-v3'"),
        ("nine_workload_rram_physical_snr-v1", "now there is 'nine_workload_rram_physical_snr-v3'"),
        ("technology_cost_extended-v1", "now there is 'technology_cost_extended-v3'"),
        ("random/physical/7-v3", "was drawn otherwise; now there is 'random/physical/7-v4'"),
        ("random/reference/7-v1", "was drawn otherwise; now there is 'random/reference/7-v2'"),
        ("random/physical/7-v10", "unknown problem"),
        ("four_workload_sram_physical-v2", "now there is 'four_workload_sram_physical-v3'"),
        ("four_workload_sram_physical-v4", "did you mean 'four_workload_sram_physical-v3'"),
        ("random/other/1-v1", "unknown model 'other'"),
    ],
)
def test_a_wrong_name_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        benchmark.get(name)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", True])
def test_a_wrong_seed_or_kind_is_refused(seed):
    with pytest.raises(InputError, match="seed must be a whole number of at least 0"):
        benchmark.random_problem(seed)
    with pytest.raises(InputError, match="unknown kind 'large'"):
        benchmark.names("large")


def test_all_answers_ship_but_of_extended_and_digital_ones_and_on_sram_with_more_objectives():
    studies = ("four_workload_sram_physical", "nine_workload_sram_physical")
    without = {f"{study}_{more}-v3" for study in studies for more in FURTHER}
    without |= {*benchmark.names("extended")}
    without |= {name for name in benchmark.names("physical") if "_dimc_" in name}
    paths = {truth.truth_path(name) for name in benchmark.names() if name not in without}
    assert {*truth.FOLDER.glob("*")} == paths


def test_a_random_problem_depends_on_its_seed_alone():
    first, again, other = (benchmark.random_problem(seed) for seed in (1, 1, 3))
    assert first.study == again.study == benchmark.get("random/physical/1-v4").study
    assert first.study != other.study


@pytest.mark.parametrize("model", ["reference", "physical"])
def test_a_seed_gives_a_problem_with_feasible_designs(model):
    for seed in range(3):
        study = random_study(seed, model)
        assert DESIGNS[0] <= study.space.size <= DESIGNS[1]
        assert len(draw_feasible(study.problem(), 1, np.random.default_rng(0)))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["reference", "physical"])
def test_a_hundred_seeds_have_all_spaces_and_any_number_of_values(model):
    studies = [random_study(seed, model) for seed in range(100)]
    sizes = [study.space.size for study in studies]
    assert DESIGNS[0] <= min(sizes) < max(sizes) / 4 <= DESIGNS[1] / 4
    assert len({study.space.name for study in studies}) == len(SPACES[model])
    values = [len(parameter) for study in studies for parameter in study.space.parameters]
    assert {*values} >= set(range(1, 9))


def test_random_problems_have_categorical_and_conditional_parameters():
    problem = benchmark.random_problem(0)
    kinds = {type(p) for p in problem.space.parameters}
    assert {Categorical, Conditional} <= kinds
    conditional = [p for p in problem.space.parameters if isinstance(p, Conditional)]
    assert all(p.on in problem.space.parameters for p in conditional)
    F, _ = problem.evaluate_indices(problem.space.random(3, np.random.default_rng(0)))
    assert np.isfinite(F).all()


def test_high_fidelity_has_searched_windows_and_all_else_alike():
    cheap, exact = (
        benchmark.get(f"four_workload_sram_physical_snr{high}-v3") for high in ("", "_least_error")
    )
    designs = exact.space.random(8, np.random.default_rng(1))
    of_exact, of_cheap = (p.accelerator.model.evaluate(designs) for p in (exact, cheap))
    assert exact.objective_names == cheap.objective_names
    np.testing.assert_array_equal(of_exact.values["energy"], of_cheap.values["energy"])
    assert (of_exact.values["snr"] != of_cheap.values["snr"]).any()
    assert exact.answer is None
    assert not any("least_error" in name for name in benchmark.names())


@pytest.mark.parametrize("stem", ["four_workload_dimc_physical", "four_workload_sram"])
def test_high_fidelity_needs_adcs_of_the_physical_model(stem):
    for version in ("-v1", "-v3"):
        with pytest.raises(InputError, match="unknown problem"):
            benchmark.get(f"{stem}_least_error{version}")
