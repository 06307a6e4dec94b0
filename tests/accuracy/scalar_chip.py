"""The chip's product re-implemented with plain numbers, one read at a time."""

import math

import numpy as np

BORDER = 1e-9
"""Distance from the border of two codes, in steps, within which summation decides."""


def slice_widths(bits, width):
    return [min(width, bits - low) for low in range(0, bits, width)]


def digit(number, place, width):
    return (number >> place) & (2**width - 1)


def left_of_error(variance):
    """Mean square error of rounding whole numbers that have a Gaussian error."""
    if variance == 0:
        return 0.0
    found = 0.0
    for k in range(1, 200):
        tail = 0.5 * math.erfc((k - 0.5) / math.sqrt(2 * variance))
        found += 2 * (2 * k - 1) * tail
    return found


def blocks(n_rows, rows, active):
    """Lists of rows that are read at once."""
    found = []
    for row in range(n_rows):
        macro, inside = divmod(row, rows)
        if inside % active == 0:
            found.append([])
        found[-1].append(row)
        assert macro == found[-1][0] // rows
    return found


def window(sums, error, lowest, highest, bits, sigmas):
    """Low end and step of an ADC."""
    mean = math.fsum(sums) / len(sums)
    variance = math.fsum((p - mean) ** 2 for p in sums) / len(sums)
    width = min(highest - lowest, 2 * sigmas * math.sqrt(variance + error))
    step = width / 2**bits
    centre = mean
    if step <= 1 and left_of_error(error) <= error + step * step / 12:
        step, centre = 1.0, float(round(mean))
    below, above = step * 2 ** (bits - 1), step * (2 ** (bits - 1) - 1)
    if below + above <= highest - lowest:  # the window fits into the possible sums
        centre = min(max(centre, lowest + below), highest - above)
    else:
        centre = max(min(centre, lowest + below), highest - above)
    return centre - below, step


def products(weights, codes, calibration, chip, zero):
    """Products of a chip without cell errors, as lists: weights [K][M], codes [n][K].

    Also by how much each may differ, since a sum on the border of two codes may go to either.
    """
    n_rows, n_columns = len(weights), len(weights[0])
    magnitude_bits = chip.weight_bits - chip.differential
    weight_slices = slice_widths(magnitude_bits, chip.bits_per_cell)
    input_slices = slice_widths(chip.input_bits, chip.input_slice_bits)

    def cell(weight, j):
        place = j * chip.bits_per_cell
        if chip.differential:
            value = digit(abs(weight), place, weight_slices[j])
            return -value if weight < 0 else value
        return digit(weight + 2 ** (chip.weight_bits - 1), place, weight_slices[j])

    def total(vector, rows, i, m, j):
        place = i * chip.input_slice_bits
        return sum(digit(vector[k], place, input_slices[i]) * cell(weights[k][m], j) for k in rows)

    found, slack = ([[0.0] * n_columns for _ in codes] for _ in range(2))
    for rows in blocks(n_rows, chip.rows, chip.active_rows):
        for i, x_bits in enumerate(input_slices):
            for j, w_bits in enumerate(weight_slices):
                full = len(rows) * (2**x_bits - 1) * (2**w_bits - 1)
                seen = [total(v, rows, i, m, j) for v in calibration for m in range(n_columns)]
                power = 0.0
                for v in calibration:
                    for k in rows:
                        power += digit(v[k], i * chip.input_slice_bits, x_bits) ** 2
                pair = 2 if chip.differential else 1
                spread = (chip.sigma * (2**w_bits - 1)) ** 2
                error = pair * spread * power / len(calibration)
                lowest = -full if chip.differential else 0
                low, step = window(seen, error, lowest, full, chip.adc_bits, chip.window_sigmas)
                place = 2 ** (i * chip.input_slice_bits + j * chip.bits_per_cell)
                for n, vector in enumerate(codes):
                    for m in range(n_columns):
                        exactly = (total(vector, rows, i, m, j) - low) / step
                        code = min(max(round(exactly), 0), 2**chip.adc_bits - 1)
                        if abs(exactly % 1 - 0.5) < BORDER:
                            slack[n][m] += place * step
                        found[n][m] += place * (low + step * code)
    for n, vector in enumerate(codes):
        for m in range(n_columns):
            if not chip.differential:
                found[n][m] -= 2 ** (chip.weight_bits - 1) * sum(vector)
            found[n][m] -= zero * sum(row[m] for row in weights)
    return np.array(found), np.array(slack)
