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


def test_networks_that_run_on_no_chip_together_are_named(made_up):
    nowhere = replace(made_up, energy_J=made_up.energy_J * np.nan)
    with pytest.raises(ValueError, match="no design within the area limit runs net0, net2"):
        nowhere.best_for([0, 2], "edap_max")
