"""Answers whose networks are executed: proofs, enumerations and searches against brute force."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imcmoo.accuracy.circuit_noise import CircuitNoise
from imcmoo.accuracy.execution import Execution
from imcmoo.answers.answer import Answer
from imcmoo.answers.certificates import executed_in
from imcmoo.answers.executed import CONFIRMED, NOT_CONFIRMED, Executed
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.check import Refused
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.solve import confirm
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker
from imcmoo.solve.confirm import Confirmation, executed_networks
from imcmoo.solve.prover import Prover
from imcmoo.solve.solve import solve
from imcmoo.study.study_file import read_study
from tests.networks.accuracy_data import ABOUT, DATA, SRAM_SPACE

NETWORKS = ("one", "two")
CIRCUITS = [(active, bits) for active in (16, 32) for bits in (5, 6)]
"""Active rows and ADC bits of all circuits of the space; other parameters change no circuit."""
CRITERIA = ("edap_geomean", "regret_minimax")


class Table:
    """Executes a network by a table of the circuits on which it fails."""

    fault = ""
    data = SimpleNamespace(about=ABOUT)

    def __init__(self, fails, executed):
        self.fails, self.executed = fails, executed

    def until_clear(self, circuit, allowed):
        of_table = circuit.active_rows, circuit.adc_bits
        self.executed.append(of_table)
        scores = np.full((2, 50), 0.5 if of_table in self.fails else 0.9)
        execution = Execution(np.full(50, 0.9), np.full(50, 0.9), scores, 50, 0)
        return execution, execution.loss


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two networks on 192 chips with four circuits, all of which the prediction lets pass."""
    folder = tmp_path_factory.mktemp("executed")
    for name, pixels in zip(NETWORKS, (400, 90), strict=True):
        rows = [f"{layer},2,3,{pixels},{pixels}" for layer in "ab"]
        (folder / f"{name}.csv").write_text("\n".join(["name,C,M,P,Q", *rows, ""]))
        DATA.write(folder / f"{name}.accuracy.npz")
    text = SRAM_SPACE.replace("columns_per_adc = 1", "columns_per_adc = [1, 4]")
    file = folder / "small.toml"
    networks = (
        f'[[networks]]\nsource = "{name}.csv"\naccuracy = "{name}.accuracy.npz"\n'
        "max_accuracy_drop = 0.01\n"
        for name in NETWORKS
    )
    head = 'name = "small"\nmodel = "physical"\ndevice = "sram"\nbudget = 192\n'
    file.write_text(f"{head}{text}{''.join(networks)}")
    return read_study(file)


@pytest.fixture(autouse=True)
def _no_noise(monkeypatch):
    monkeypatch.setattr(CircuitNoise, "__call__", lambda self, data, chip: np.zeros((2, 2)))


@pytest.fixture
def fails(monkeypatch):
    """Sets the circuits on which each network fails; returns those executed, in order."""

    def set_table(table):
        executed = {name: [] for name in NETWORKS}
        monkeypatch.setattr(
            confirm,
            "executed_networks",
            lambda study, cache: {n: Table(table[n], executed[n]) for n in NETWORKS},
        )
        return executed

    return set_table


def best_by_brute_force(study, table, criterion):
    """Least score of all designs on which no network fails; None if there is none."""
    problem = study.problem()
    levels = problem.space.unrank(np.arange(problem.space.size))
    decoded = problem.space.decode(levels)
    circuits = [*zip(decoded["active_rows"].tolist(), decoded["adc_bits"].tolist(), strict=True)]
    works = np.array([[c not in table[name] for name in NETWORKS] for c in circuits])
    metrics = problem.model.evaluate(levels)
    edap = metrics.values["energy"] * metrics.values["latency"] * 1e6 * metrics.area_m2[:, None]
    fits = metrics.runs & works & (metrics.area_m2 <= problem.largest_area_m2)[:, None]
    edap = np.where(fits, edap, np.inf)
    if criterion == "edap_geomean":
        scores = np.sqrt(edap.prod(axis=1))
    else:
        least = edap.min(axis=0)
        scores = (edap / np.where(np.isfinite(least), least, 1)).max(axis=1) - 1
    return float(scores.min()) if np.isfinite(scores.min()) else None


def patterns(n, seed):
    """Random tables of failures, from few to almost all."""
    rng = np.random.default_rng(seed)
    for at in range(n):
        share = (at + 1) / (n + 1)
        yield {name: {c for c in CIRCUITS if rng.random() < share} for name in NETWORKS}


def agrees(study, table, method, criterion):
    """Whether the answer of a method is that of brute force."""
    best = best_by_brute_force(study, table, criterion)
    answer = solve(study.replace(criterion=criterion), method)
    if best is None or not answer.has_chip:
        return (best is None) == (not answer.has_chip)
    circuit = answer.design["active_rows"], answer.design["adc_bits"]
    works = all(circuit not in table[name] for name in NETWORKS)
    return works and answer.confirmation == CONFIRMED and answer.score == pytest.approx(best)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("method", ["certify", "enumerate", "search"])
def test_the_answer_is_that_of_brute_force_whatever_fails(study, fails, method, criterion):
    for table in patterns(6, len(method)):
        fails(table)
        assert agrees(study, table, method, criterion), table


def test_the_filter_lets_all_circuits_pass(study):
    problem = study.problem()
    levels = problem.space.unrank(np.arange(problem.space.size))
    assert problem.space.size == 192
    assert problem.model.resources(levels).resources["accuracy"].missing.max() == 0


def excluding_alike(monkeypatch):
    """Exclude all circuits with as many active rows as one that fails."""
    keep = Confirmation._keep

    def keep_more(self, record):
        keep(self, record)
        circuits = [
            replace(each, circuit=tuple((dict(each.circuit) | {"adc_bits": bits}).items()))
            for each in self.study.failed
            for bits in (5, 6)
        ]
        self.study = self.study.replace(failed=tuple(dict.fromkeys(circuits)))

    monkeypatch.setattr(Confirmation, "_keep", keep_more)


def pruning_by_what_failed(monkeypatch):
    """Let the incumbent whose circuit failed prune the next proof."""
    begun, least = Prover._begun, {}

    def begin(self, part, optima):
        searches = begun(self, part, optima)
        for search in searches:
            search._smallest = min(search._smallest, least.get(id(self), np.inf))
            run = search.run

            def noted(stop, search=search, run=run):
                proof = run(stop)
                least[id(self)] = proof.value
                return proof

            search.run = noted
        return searches

    monkeypatch.setattr(Prover, "_begun", begin)


def excluding_nothing(monkeypatch):
    """Take a circuit for good although it fails."""
    monkeypatch.setattr(Executed, "works", property(lambda self: True))


@pytest.mark.parametrize("mutate", [excluding_alike, pruning_by_what_failed, excluding_nothing])
def test_a_loop_that_excludes_or_prunes_otherwise_disagrees_with_brute_force(
    study, fails, monkeypatch, mutate
):
    mutate(monkeypatch)
    agreed = []
    for table in patterns(8, 0):
        fails(table)
        try:
            agreed.append(agrees(study, table, "certify", "edap_geomean"))
        except (InputError, AssertionError):  # the proof finds no design
            agreed.append(False)
    assert not all(agreed)


def order_of_circuits(study):
    """Circuits by the least score of their chips, the best first."""
    scores = {
        c: best_by_brute_force(study, dict.fromkeys(NETWORKS, {*CIRCUITS} - {c}), "edap_geomean")
        for c in CIRCUITS
    }
    return sorted(CIRCUITS, key=scores.__getitem__)


def proven(study, **options):
    return list(certify(study.replace(criterion="edap_geomean"), "edap_geomean", **options))[-1]


def test_circuits_are_executed_from_the_best_on_and_each_once(study, fails):
    first, second, *_ = order_of_circuits(study)
    executed = fails({"one": {first}, "two": {second}})
    certificate = proven(study)
    assert executed["one"][:2] == [first, second]
    assert executed["two"][0] == second, "of the first circuit, one failed already"
    for name in NETWORKS:
        assert len(executed[name]) == len(set(executed[name]))
    assert certificate.confirmation == CONFIRMED
    records = executed_in(certificate)
    assert [(r.network, r.works) for r in records][:3] == [
        ("one", False), ("one", True), ("two", False)
    ]  # fmt: skip
    assert records[0].excess == pytest.approx(0.39)


def test_a_certificate_states_its_executions_and_a_check_excludes_what_failed(
    study, fails, tmp_path
):
    first, *_ = order_of_circuits(study)
    fails({"one": {first}, "two": set()})
    proven(study).save(tmp_path)
    certificate, asked = Certificate.load(tmp_path), study.replace(criterion="edap_geomean")
    assert certificate.intact
    records = executed_in(certificate)
    checker = Checker(asked, executed=records)
    checker.claim(certificate)
    checker.validate()
    checker.prove()
    with pytest.raises(Refused, match="executions that its check does not know"):
        Checker(asked).claim(certificate)
    unexcluded = replace(certificate, executed=certificate.executed[1:])
    checker = Checker(asked, executed=executed_in(unexcluded))
    checker.claim(unexcluded)
    with pytest.raises(Refused, match="MESSAGE"):
        checker.prove()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"allowed": 0.5}, "other allowed of one"),
        ({"network": "three"}, "three is not executed in this study"),
        ({"files": {"network": "0", "data": "1"}}, "other files of one"),
        ({"excess": 0.0}, "the verdict on one does not follow from its loss"),
        ({"circuit": {"rows": 3}}, "its circuit is none"),
    ],
)
def test_a_false_execution_is_refused(study, fails, changes, message):
    first, *_ = order_of_circuits(study)
    fails({"one": {first}, "two": set()})
    record, *_ = executed_in(proven(study))
    with pytest.raises(Refused, match=message):
        Checker(study, executed=[replace(record, **changes)])


def test_a_certificate_that_says_confirmed_without_executions_is_refused(study, fails):
    fails({name: set() for name in NETWORKS})
    certificate = replace(proven(study), executed=())
    with pytest.raises(Refused, match="it says confirmed, but its executions say not confirmed"):
        Checker(study.replace(criterion="edap_geomean")).claim(certificate)


def test_known_certificates_are_kept_only_while_their_executions_repeat(study, fails):
    first, second, *_ = order_of_circuits(study)
    fails({"one": {first}, "two": set()})
    known, lines = proven(study), []
    assert proven(study, known=[known]) is not None
    fails({"one": {first, second}, "two": set()})
    again = proven(study, known=[known], report=lines.append)
    assert any("give other scores: not taken" in line for line in lines)
    assert again.value > known.value


def test_where_every_circuit_fails_the_message_names_what_was_executed(study, fails):
    fails({"one": {*CIRCUITS}, "two": set()})
    with pytest.raises(Infeasible, match=r"executed and excluded: one loses 40\.00 ± 0\.00 points"):
        proven(study)
    answer = solve(study.replace(criterion="edap_geomean"))
    assert not answer.has_chip
    assert "1 allowed: fails" in answer.why


def test_after_many_failures_the_answer_is_not_confirmed(study, fails, monkeypatch):
    monkeypatch.setattr(confirm, "MOST_EXECUTED", 2)
    first, second, *_ = order_of_circuits(study)
    executed = fails({"one": {first, second}, "two": set()})
    certificate = proven(study)
    assert len(executed["one"]) == 2
    assert certificate.confirmation.startswith(f"{NOT_CONFIRMED}: one loses")
    assert certificate.gap == 0


def test_nothing_is_executed_on_request_and_the_prediction_then_counts_in_full(study, fails):
    executed = fails({name: {*CIRCUITS} for name in NETWORKS})
    assert study.cost_model()._accuracy.passing.tolist() == [0.02, 0.02]
    quick = study.replace(confirm=False)
    assert quick.cost_model()._accuracy.passing.tolist() == [0.01, 0.01]
    assert quick.cost_model().data_digest != study.cost_model().data_digest
    assert not executed_networks(quick, None)
    assert not any(executed.values())


def test_files_that_are_not_there_leave_an_answer_unconfirmed_unless_it_was_asked_for(study):
    certificate = proven(study)
    assert certificate.confirmation == (
        f"{NOT_CONFIRMED}: one: {study.accuracy['one'].path.rpartition('/')[0]}/net.onnx is not "
        "there, or another file"
    )
    with pytest.raises(InputError, match=r"confirm: one cannot be executed: .*net\.onnx"):
        proven(study.replace(confirm=True))


def test_a_study_without_limits_cannot_ask_for_executions(study):
    networks = [n.replace(max_accuracy_drop=None) for n in study.networks]
    with pytest.raises(ValueError, match="confirm: needs a network with accuracy and max_"):
        study.replace(networks=networks, confirm=True)


def test_circuits_that_failed_are_left_out_of_files_and_dropped_with_other_chips(study, fails):
    first, *_ = order_of_circuits(study)
    fails({"one": {first}, "two": set()})
    answer = solve(study.replace(criterion="edap_geomean"), "certify")
    assert answer.study.failed
    assert "failed" not in answer.study.to_toml()
    assert answer.study.to_config() == study.replace(criterion="edap_geomean").to_config()
    assert answer.study.replace(budget=7).failed
    assert not answer.study.replace(assumptions={"adc_energy_factor": 0.5}).failed
    again = Answer.of_json(answer.study, answer.to_json())
    assert (again.executed, again.confirmation) == (answer.executed, CONFIRMED)
