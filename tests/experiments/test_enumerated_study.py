"""Every design's costs, and the exact optimum of any set of networks as a look-up."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.problem.criteria import MINIMAX, SCORES


def test_the_enumerated_study_has_the_exact_optima(enumerated, exact):
    everything = range(len(enumerated.workloads))
    assert len(enumerated.joint) == exact.n_feasible
    for criterion in (*SCORES, MINIMAX):
        index = enumerated.best_for(everything, criterion)
        assert enumerated.ranks[index] in exact.optima[criterion].ranks
    part = [exact.optima[f"alone_{name}"].value for name in enumerated.workloads]
    assert enumerated.single_network_optima.tolist() == part


def test_networks_that_run_on_no_chip_together_are_named(enumerated):
    nowhere = replace(enumerated, energy_J=enumerated.energy_J * np.nan)
    first, _, third, _ = enumerated.workloads
    with pytest.raises(ValueError, match=f"no design within the area limit runs {first}, {third}"):
        nowhere.best_for([0, 2], "edap_max")
