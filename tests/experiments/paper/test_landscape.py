"""Every design's costs, and the exact optimum of any set of networks as a look-up."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact import enumeration as exhaustive
from imcmoo.exact.regret import JUDGED
from imcmoo.problem.scores import SCORES


def test_the_landscape_has_the_exact_optima(landscape):
    problem = landscape.problem
    parts = [exhaustive.survey(problem, b) for b in exhaustive.stretches(problem)]
    exact = exhaustive.conclude(problem, parts)
    everything = range(len(landscape.workloads))
    assert len(landscape.joint) == exact.n_feasible
    for criterion in JUDGED:
        index = landscape.best_for(everything, criterion)
        name = "regret_alone_minimax" if criterion == "regret_minimax" else criterion
        assert landscape.ranks[index] in exact.optima[name].ranks
    own = [exact.optima[f"alone_{name}"].value for name in landscape.workloads]
    assert landscape.own_best.tolist() == own


def test_the_largest_network_has_the_most_weights(landscape):
    assert landscape.workloads[landscape.largest] == "vgg16"


@pytest.mark.parametrize("criterion", ["edap_mean", "ela_max"])
def test_a_design_for_fewer_networks_is_never_worse_for_them(landscape, criterion):
    joint = landscape.best_for(range(len(landscape.workloads)), criterion)
    for subset in ([0], [1, 2], [0, 2, 3]):
        rows = np.array([landscape.best_for(subset, criterion), joint])
        own, others = landscape.score(SCORES[criterion], rows, subset)
        assert own <= others


def test_networks_that_run_on_no_chip_together_are_named(made_up):
    nowhere = replace(made_up, energy_J=made_up.energy_J * np.nan)
    with pytest.raises(ValueError, match="no design within the area limit runs net0, net2"):
        nowhere.best_for([0, 2], "edap_max")
