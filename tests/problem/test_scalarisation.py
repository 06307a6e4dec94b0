import numpy as np
import pytest

from imcmoo.problem.scalarisation import span_scaled, tchebycheff


@pytest.mark.parametrize("rounding", [0.0, 1e-15])
def test_coordinates_are_0_at_the_ideal_and_1_at_the_nadir_of_the_front(rounding):
    """An objective that does not differ on the front, but for rounding, counts as it is."""
    points = np.log([[1.0, 100, 5], [100, 1, 5 * (1 + rounding)], [10, 1000, 5 * np.e]])
    scaled = span_scaled(points, points[:2])
    np.testing.assert_allclose(scaled, [[0, 1, 0], [1, 0, 0], [0.5, 1.5, 1]], atol=1e-12)


def test_tchebycheff_is_the_largest_weighted_objective_and_a_little_of_their_sum():
    points, weights = np.array([[1.0, 0.0], [0.4, 0.4]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    expected = np.array([[1.05, 0.525], [0.42, 0.22]])
    np.testing.assert_allclose(tchebycheff(points, weights), expected)
