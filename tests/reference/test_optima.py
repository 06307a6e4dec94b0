"""No recorded evaluation beats the exact optimum of its study.

The reference's searches looked at some thousand designs; ours are all there are. Compared in the
records' own figures, so only their print-out lies between.
"""

import numpy as np
import pytest

import problems
from imcmoo.benchmark import truth
from tests.reference import records
from tests.reference.records import OTHER_INPUTS, PRINTED

pytestmark = records.of_every_source

STUDIES = ("four_workload_sram", "four_workload_rram", "nine_workload_sram", "technology_cost_sram")

FEWEST = {"golden": 4, "full": 50}
"""Records there must be within the area limit, else nothing is shown."""


def _recorded(source, study):
    """Every record of a study's space and networks: columns (quantity, network), area in mm².

    Records of other studies count where their design is in this one's space.
    """
    space, rows = problems.STUDIES[study].space, records.evaluations(source)
    for name, value in space.fixed.items():
        rows = rows[rows[name] == value]
    rows = rows[rows.workload.isin(problems.STUDIES[study].workloads)]
    design = ["study", "order", "technology_nm", *records.DESIGN]
    wide = rows.pivot(index=design, columns="workload")[["energy_J", "latency_s", "area_mm2"]]
    wide = wide.dropna()

    def is_in_space(row):
        try:
            space.encode({name: np.array([row[name]]) for name in space.names})
        except ValueError:
            return False
        return True

    return wide[[is_in_space(row) for _, row in wide.index.to_frame().iterrows()]]


def _best(source, study):
    """By criterion the best recorded within the area limit, and how far records may be below it."""
    wide = _recorded(source, study)
    area = wide["area_mm2"]
    assert (area.max(axis=1) == area.min(axis=1)).all()
    wide = wide[area.iloc[:, 0] <= problems.STUDIES[study].area_limit_m2 * 1e6]
    assert len(wide) >= FEWEST[source]
    edap = wide["energy_J"] * wide["latency_s"] * wide["area_mm2"]
    assert set(edap.columns) == set(problems.STUDIES[study].workloads)
    # Else the record that decides the largest would have to be left apart, too.
    assert (edap.idxmax(axis=1) != OTHER_INPUTS).all()
    best = {"edap_max": (edap.max(axis=1).min(), PRINTED), "area": (area.to_numpy().min(), 1e-7)}
    for network in problems.STUDIES[study].workloads:
        best[f"latency_{network}"] = wide["latency_s", network].min(), 1e-12
        if network != OTHER_INPUTS:
            best[f"edap_{network}"] = best[f"alone_{network}"] = edap[network].min(), PRINTED
            best[f"energy_{network}"] = wide["energy_J", network].min(), PRINTED
    return best


@pytest.mark.parametrize("study", STUDIES)
def test_no_record_beats_the_exact_optimum(source, study):
    optima = truth.load(f"{study}-v1").optima
    for criterion, (recorded, off) in _best(source, study).items():
        optimum = optima[criterion].value * (1e6 if criterion == "area" else 1)
        assert recorded >= optimum * (1 - off), criterion
