"""Every design's costs, and the exact optimum of any set of networks as a look-up."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.enumerated_study import EnumeratedStudy
from imcmoo.exact.enumeration import Enumeration
from imcmoo.problem.criteria import MINIMAX, SCORES
from imcmoo.space.restricted import restricted
from problems import STUDIES

FEW = {"rows": (256, 512), "cols": (256, 512), "voltage_V": (0.5, 0.7), "cycle_s": (1e-9, 3e-9)}


@pytest.fixture(scope="module")
def few():
    """Every design of a small part of the RRAM study with four networks."""
    study = STUDIES["four_workload_rram"]
    return EnumeratedStudy.of_study(study.replace(space=restricted(study.space, FEW, name="few")))


def agree(enumerated, exact):
    everything = range(len(enumerated.workloads))
    assert len(enumerated.joint) == exact.n_feasible
    for criterion in (*SCORES, MINIMAX):
        index = enumerated.best_for(everything, criterion)
        assert enumerated.ranks[index] in exact.optima[criterion].ranks
    part = [exact.optima[f"alone_{name}"].value for name in enumerated.workloads]
    assert enumerated.single_network_optima.tolist() == part


def test_the_enumerated_study_has_the_exact_optima(few):
    agree(few, Enumeration(few.problem).answer())


@pytest.mark.slow
def test_the_whole_enumerated_study_has_the_exact_optima(enumerated, exact):
    agree(enumerated, exact)


def test_networks_that_run_on_no_chip_together_are_named(few):
    nowhere = replace(few, energy_J=few.energy_J * np.nan)
    first, _, third, _ = few.workloads
    with pytest.raises(ValueError, match=f"no design within the area limit runs {first}, {third}"):
        nowhere.best_for([0, 2], "edap_max")
