"""The checker accepts what was proven and refuses what was changed."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from imcmoo.answers.certificates import certificates, certified_study
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.check import Refused, feasible_costs
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.checksums import content_checksum
from imcmoo.io.errors import InputError
from imcmoo.model.physical import MODEL_VERSION
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.identity import problem_stamp
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker
from imcmoo.version import __version__
from tests.exact.certified_spaces import enumerated, parts

WATTS = Criterion("watts", lambda costs: costs["power"].max(axis=1), needs=("power",))


@pytest.fixture(scope="module")
def study():
    return next(parts("sram", 9, 1, 3000))


@pytest.fixture(scope="module")
def proven(study):
    return {c.criterion: c for c in certify(study, "all")}


@pytest.fixture
def checker(study):
    return Checker(study)


def check(checker, certificate):
    checker.claim(certificate)
    return checker.prove()


def test_what_was_proven_is_accepted_and_every_design_counted(study, proven, checker):
    for name in sorted(proven, key=lambda name: name.startswith("regret")):
        checker.claim(proven[name])
    assert [counts.all for counts in checker.prove()] == [study.space.size] * 3


def test_chips_of_one_network_are_those_of_enumeration(study, proven):
    optima = enumerated(study.problem())
    names = [name for name in proven if "alone" in name or name == "regret_minimax"]
    assert names == [*(f"alone_{n}" for n in study.names), "regret_minimax"]
    for name in names:
        assert proven[name].value == proven[name].bound == optima[name].value, name
        assert study.space.rank(study.space.levels_of(proven[name].design))[0] in optima[name].ranks


def looser(certificate, factor):
    """A certificate of a bound that is smaller by a factor."""
    bound = certificate.bound / factor
    return replace(certificate, bound=bound, gap=certificate.value / bound - 1, ties="")


def test_what_is_known_is_not_proven_again(study, proven):
    known = [c for n, c in proven.items() if n != "edap_max"]
    again = list(certify(study, "all", known=known))
    assert [c.criterion for c in again if not any(c is k for k in known)] == ["edap_max"]
    assert {c.criterion for c in again} == set(proven)
    far = [looser(c, 1.1) for n, c in proven.items() if n.startswith("alone_")]
    again = certify(study, "regret_minimax", known=far)
    assert {c.criterion: c.value for c in again} == {
        n: proven[n].value for n in (*(f"alone_{n}" for n in study.workloads), "regret_minimax")
    }
    other = [replace(c, stamp={}) for c in proven.values()]
    assert next(certify(study, "edap_max", known=other)).value
    # Of two certificates the one that proves more counts.
    best = proven["edap_max"]
    loose = looser(best, 2)
    for known in ([loose, best], [best, loose]):
        assert next(certify(study, "edap_max", known=known)) is best
    # One has the better design, the other the higher bound.
    design, problem = proven["edap_mean"].design, study.problem()
    value = float(feasible_costs(problem, study.space.levels_of(design)).edap.max())
    high = looser(replace(best, value=value, design=design), 1.001)
    (joined,) = certify(study, "edap_max", known=[loose, high], time_limit_s=0)
    assert (joined.value, joined.bound) == (best.value, high.bound)
    # Another question is another problem.
    networks = [n.replace(weight=w) for w, n in enumerate(study.networks, 1)]
    weighted = study.replace(networks=networks)
    (mean,) = certify(weighted, "edap_mean", known=list(proven.values()))
    assert mean.value != proven["edap_mean"].value
    assert mean.stamp["question"] != proven["edap_mean"].stamp["question"]


def test_a_proof_begins_with_the_designs_that_are_known(study, proven):
    best = proven["edap_max"]
    start = study.space.levels_of(best.design)
    (proof,) = certify(study, "edap_max", start=start, time_limit_s=0)
    assert proof.value == best.value


def test_a_reached_gap_is_accepted(study, checker):
    for certificate in certify(study, "regret_minimax", gap=0.3):
        check(checker, certificate)
    assert certificate.criterion == "regret_minimax"
    assert any(best["bound"] < best["value"] for best in certificate.single_network_optima.values())


def one_more(stages):
    first = next(iter(stages))
    return {**stages, first: {**stages[first], "excluded": stages[first]["excluded"] + 1}}


def scaled(behaviour, factor):
    """A behaviour with another latency of the last design."""
    *others, last = behaviour["values"]["latency"]
    latency = [*others, [v * factor for v in last]]
    return {**behaviour, "values": {**behaviour["values"], "latency": latency}}


IDLE = {
    "within": {"criterion": "area", "value": 1.0, "bound": 1.0, "gap": 0.0},
    "single_network_optima": {"resnet18": {"bound": 1e-9, "value": 1e-9}},
}
"""Statements on which the proof of `edap_max` does not rest."""

CHANGES = {
    **{
        f"it states {name}.*, on which edap_max does not rest": partial(replace, **{name: stated})
        for name, stated in IDLE.items()
    },
    "counts add up": lambda c: replace(c, stages=one_more(c.stages)),
    "whole numbers": lambda c: replace(c, evaluated=float(c.evaluated)),
    "the space has": lambda c: replace(c, designs=c.designs + 1, evaluated=c.evaluated + 1),
    "above the value": lambda c: replace(c, bound=c.bound * 1.01),
    "the gap is not": lambda c: replace(c, gap=0.01),
    "the incumbent scores": lambda c: replace(c, value=c.value * 0.99),
    "is no design": lambda c: replace(c, design={**c.design, next(iter(c.design)): 77}),
    "other parameters": lambda c: replace(c, design={**c.design, "another": 1}),
    "other data": lambda c: replace(c, stamp={**c.stamp, "data": "0"}),
    rf"libraries\): physical 0 \(here {MODEL_VERSION}\)": lambda c: replace(
        c, stamp={**c.stamp, "versions": {**c.stamp["versions"], "physical": 0}}
    ),
    "other code of your own: helper": lambda c: replace(
        c, stamp={**c.stamp, "own code": {"helper": "0"}}
    ),
    "another question": lambda c: replace(c, stamp={**c.stamp, "question": "0"}),
    "another space": lambda c: replace(c, stamp={**c.stamp, "space": "0"}),
    "an older version of imcmoo": lambda c: replace(c, stamp={}),
    "other numbers of the cost model": lambda c: replace(c, behaviour=scaled(c.behaviour, 1.0001)),
}


@pytest.mark.parametrize("why", CHANGES)
def test_a_changed_certificate_is_refused(proven, checker, why):
    with pytest.raises(Refused, match=why):
        check(checker, CHANGES[why](proven["edap_max"]))


@pytest.mark.parametrize(
    "change",
    [
        {"ranks": [10**400]},
        {"ranks": [-1]},
        {"ranks": [2**62]},
        {"ranks": 5},
        {"values": [1, 2]},
        {"values": {"latency": [10**400]}},
    ],
)
def test_a_behaviour_without_sense_is_refused(proven, checker, change):
    best = proven["edap_max"]
    with pytest.raises(Refused, match="an older version"):
        check(checker, replace(best, behaviour={**best.behaviour, **change}))


@pytest.mark.parametrize(
    "change",
    [
        {"value": 1e-9},
        {"bound": -1.0},
        {"gap": 0.5},
        {"evaluated": 0},
        {"design": {}},
        *({name: stated} for name, stated in IDLE.items()),
    ],
)
def test_a_false_certificate_is_not_kept(study, proven, change):
    lines = []
    known = [replace(proven["edap_max"], **change)]
    again = certify(study, "edap_max", known=known, time_limit_s=0, report=lines.append)
    assert next(again).is_new
    assert lines[0].startswith("edap_max: the certificate here is false (")


def test_a_bound_above_the_best_design_is_refused(study, proven, checker):
    """The incumbent is a worse design; all better ones were overlooked."""
    good, problem = proven["edap_max"], study.problem()
    levels = study.space.grid(study.space.names)
    F, G = problem.score(levels, problem.model.evaluate(levels))
    levels, F = levels[(G <= 0).all(axis=1)], F[(G <= 0).all(axis=1)]
    scores = problem.costs(F).edap.max(axis=1)
    worse = np.argsort(scores)[len(scores) // 2]
    value = float(scores[worse])
    assert value > good.value
    (values,) = study.space.designs(levels[[worse]])
    design = {name: values[name] for name in study.space.names}
    with pytest.raises(Refused, match="below the bound"):
        check(checker, replace(good, design=design, value=value, bound=value, gap=0.0))


def test_another_component_table_is_refused(study, proven):
    table = PhysicalTable.load()
    rows = table.tables["mac"]
    other = replace(table, tables={**table.tables, "mac": replace(rows, values=rows.values * 1.01)})
    checker = Checker(study)
    assert other.fingerprint != table.fingerprint
    model = type(study.cost_model())(study.space, study.network_set(), table=other)
    checker._stamp = problem_stamp(study.problem(model)).only("data")
    with pytest.raises(Refused, match="other data"):
        check(checker, proven["edap_max"])


def test_minimax_regret_rests_on_the_certificates_of_single_network_optima(proven, checker):
    with pytest.raises(Refused, match="no certificate of alone_"):
        check(checker, proven["regret_minimax"])
    for name in proven:
        if name.startswith("alone_"):
            checker.claim(proven[name])
    check(checker, proven["regret_minimax"])
    changed = {
        n: {**o, "bound": o["bound"] * 0.5}
        for n, o in proven["regret_minimax"].single_network_optima.items()
    }
    with pytest.raises(Refused, match="not that of its certificate"):
        check(checker, replace(proven["regret_minimax"], single_network_optima=changed))


def test_other_settings_are_refused(study, proven):
    def stating(**settings):
        best = proven["edap_max"]
        return replace(best, stamp={**best.stamp, "settings": {**best.settings, **settings}})

    changed = certified_study(stating(area_limit_mm2=100.0).settings, study)
    assert changed.area_limit_m2 == pytest.approx(100e-6)
    another = stating(study="another")
    with pytest.raises(Refused, match=r'of other settings: study "another" \(here "'):
        Checker(certified_study(another.settings, study)).claim(another)


def test_a_score_of_what_has_no_bounds_is_refused_with_the_reason(study):
    own = study.replace(criterion=f"{__name__}:WATTS", objectives=["power"])
    with pytest.raises(InputError, match="watts cannot be certified: it needs power, of which"):
        next(certify(own, "watts"))


def test_what_is_not_monotone_is_refused_in_one_line(study):
    with pytest.raises(InputError, match="pseudo_weights cannot be certified") as error:
        next(certify(study, "pseudo_weights", time_limit_s=1))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stamp", 5),
        ("criterion", ["a"]),
        ("counts", []),
        ("single_network_optima", {"a": 1}),
        ("bound", "x"),
        *(("incumbent", {"design": {"rows": rows}, "value": 1.0}) for rows in ([64], [[64]], [])),
    ],
)
def test_what_is_no_certificate_is_refused_when_read(proven, tmp_path, field, value):
    proven["edap_max"].save(tmp_path)
    path = tmp_path / "certificate.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {field: value}))
    with pytest.raises(InputError, match="is no certificate"):
        Certificate.load(tmp_path)


def test_a_certificate_of_an_earlier_version_is_refused_and_proven_again(study, proven, tmp_path):
    """Version 0.1 wrote no stamp and had another name for the single-network optima."""
    proven["edap_max"].save(tmp_path)
    path = tmp_path / "certificate.json"
    content = json.loads(path.read_text())
    content["own_best"] = content.pop("single_network_optima")
    content["settings"] = content.pop("stamp")["settings"]
    content["checksum"] = content_checksum(content)
    path.write_text(json.dumps(content))
    older = Certificate.load(tmp_path)
    heard = []
    (again,) = certify(study, "edap_max", known=[older], report=heard.append)
    assert again.is_new
    (line,) = heard
    assert f"is of an older version of imcmoo than {__version__}: not taken" in line
    with pytest.raises(InputError, match=f"an older version of imcmoo than {__version__}: certify"):
        certificates(tmp_path)
