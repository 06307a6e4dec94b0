"""Tables of comparisons."""

import pandas as pd

from experiments.compare import statistics


def rows(budget, methods):
    return [
        {
            "method": method,
            "seed": seed,
            "counted": "designs",
            "budget": budget,
            "criterion": "worst",
            "regret": 0.1 * at + 0.01 * seed,
        }
        for at, method in enumerate(methods)
        for seed in range(5)
    ]


def test_a_budget_that_only_ours_was_given_is_not_tested():
    regret = pd.DataFrame(rows(1000, ["ours", "random"]) + rows(30_000, ["ours"]))
    tested = statistics.tests(regret)
    assert tested[["budget", "method"]].to_numpy().tolist() == [[1000, "random"]]
    assert tested["A12"].tolist() == [1.0]
    assert len(statistics.summary(regret)) == 3
