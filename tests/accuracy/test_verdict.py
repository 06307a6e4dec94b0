"""Verdict on a network that is executed on simulated chips."""

import math

import numpy as np
import pytest

from imcmoo.accuracy.verdict import Loss, clustered_standard_error


def test_samples_that_hang_together_count_as_one():
    rng = np.random.default_rng(0)
    of_sequences = rng.normal(0, 1, 12)
    frames = np.repeat(of_sequences, 100)
    found = clustered_standard_error(frames, np.repeat(np.arange(12), 100))
    assert found == pytest.approx(of_sequences.std(ddof=1) / math.sqrt(12))
    assert clustered_standard_error(frames, np.arange(1200)) < found / 9


def test_the_standard_error_is_that_of_means_of_clusters_of_any_size():
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(30), np.arange(1, 31))
    means = [
        (rng.normal(0, 1, 30)[clusters] + rng.normal(0, 1, len(clusters))).mean()
        for _ in range(2000)
    ]
    one = rng.normal(0, 1, 30)[clusters] + rng.normal(0, 1, len(clusters))
    assert clustered_standard_error(one, clusters) == pytest.approx(np.std(means), rel=0.3)


def test_a_single_sequence_has_no_standard_error():
    assert math.isnan(clustered_standard_error(np.arange(3.0), np.zeros(3, int)))


def loss(mean=0.0, standard_error=0.0, worst=0.0, worst_error=0.0, chips=2):
    return Loss(mean, standard_error, worst, worst_error, chips)


def test_the_error_of_a_loss_is_that_of_samples_and_of_chips():
    rng = np.random.default_rng(0)
    reference, scores = np.ones(400), rng.integers(0, 2, (4, 400)).astype(float)
    found = Loss.of_scores(scores, reference, reference)
    differences = 1 - scores.mean(axis=0)
    of_samples = differences.std(ddof=1) / math.sqrt(400)
    of_chips = scores.mean(axis=1).std(ddof=1) / math.sqrt(4)
    assert found.mean == pytest.approx(differences.mean())
    assert found.standard_error == pytest.approx(math.sqrt(of_samples**2 + of_chips**2))
    worst = scores[scores.mean(axis=1).argmin()]
    assert found.worst == pytest.approx(1 - worst.mean())
    assert found.worst_error == pytest.approx((1 - worst).std(ddof=1) / math.sqrt(400))
    assert found.chips == 4


def test_losses_count_from_the_lower_of_float_and_integers_on_the_same_samples():
    easy_first, on_integers = np.array([1.0, 1.0, 0.4, 0.4]), np.array([1.0, 0.9, 0.3, 0.4])
    scores = np.array([[1.0, 0.9, 0.3, 0.3], [1.0, 0.9, 0.3, 0.3]])
    for first, second in ((easy_first, on_integers), (on_integers, easy_first)):
        assert Loss.of_scores(scores, first, second).mean == pytest.approx(0.025)


def test_one_score_for_all_samples_errs_by_chips_only():
    found = Loss.of_scores(np.array([[0.8], [0.9]]), np.ones(1), np.ones(1))
    assert found.standard_error == pytest.approx(0.05)
    assert found.worst_error == 0


@pytest.mark.parametrize(
    ("mean", "error", "clear"),
    [(0.0, 0.0049, True), (0.0, 0.0051, False), (0.02, 0.0049, True), (0.01, 0.0, True)],
)
def test_a_verdict_is_clear_two_standard_errors_from_what_is_allowed(mean, error, clear):
    assert loss(mean, error).is_clear(0.01) == clear


@pytest.mark.parametrize(
    ("of", "excess"),
    [
        ({"mean": 0.01}, 0.0),
        ({"mean": 0.0101}, 0.0001),
        ({"mean": -0.1, "worst": 0.03}, 0.0),
        ({"worst": 0.06}, 0.01),
        ({"worst": 0.06, "worst_error": 0.015}, 0.0),
        ({"mean": 0.03, "worst": 0.06}, 0.02),
    ],
)
def test_mean_and_worst_chip_may_lose_no_more_than_is_allowed(of, excess):
    found = loss(**of)
    assert found.excess(0.01) == pytest.approx(excess)
    assert found.works(0.01) == (excess == 0)


def test_where_no_loss_is_allowed_chips_that_score_as_integers_work():
    on_integers = np.array([1.0, 0.0, 1.0])
    found = Loss.of_scores(np.stack([on_integers] * 2), np.ones(3), on_integers)
    assert found.works(0.0)
    assert found.is_clear(0.0)
    worse = Loss.of_scores(np.zeros((2, 3)), np.ones(3), on_integers)
    assert not worse.works(0.0)
