"""Noise models that tests share: noise takes most of the time of a model of analog cells."""

from imcmoo.model.physical.noise.model import NoiseModel
from tests.shared_work import made_once


def share_noise(patch):
    """Let physical models whose noise depends on equal data have one noise model."""

    def noise(layers, technology, *, own=None, part_of=None):
        if own:
            return NoiseModel(layers, technology, own=own, part_of=part_of)
        depends_on = "noise", *_all_that_noise_depends_on(layers, technology)
        return made_once(depends_on, lambda: NoiseModel(layers, technology, part_of=part_of))

    patch.setattr("imcmoo.model.physical.context.NoiseModel", noise)


def _all_that_noise_depends_on(layers, technology):
    """Layers with their precision and operands, cells, assumptions, and three rules."""
    switches, operands = technology.switches, vars(layers.operands).values()
    columns = layers.distinct, layers.owner, layers.rows, layers.digital
    precision = layers.input_bits, layers.weight_bits
    return (
        *(values.tobytes() for values in (*columns, *precision, *operands)),
        *(technology.device, technology.assumptions),
        *(switches.unsigned_inputs, switches.few_levels, switches.shared_converters),
    )
