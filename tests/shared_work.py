"""Work that models of equal layers share while tests run."""

import pickle
from functools import lru_cache

from imcmoo.hardware.physical_table import OPEN
from imcmoo.model import registry
from imcmoo.model.physical.layers import OperandSums
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.reference.profiles import LayerRunner


class _Wanted:
    """A thing to make; equal to another if all that it depends on is."""

    def __init__(self, depends_on, make):
        self.depends_on, self.make = depends_on, make

    def __hash__(self):
        return hash(self.depends_on)

    def __eq__(self, other):
        return self.depends_on == other.depends_on


@lru_cache(maxsize=48)
def _made(wanted):
    return wanted.make()


def made_once(depends_on, make):
    """Make a thing, or return one that was made of equal parts; the parts can be hashed."""
    return _made(_Wanted(depends_on, make))


def share_runs_of_layers(patch):
    """Let chips of the reference model with equal layers and sizes share mappings and orders."""

    def runner(shapes, capacities, smallest_buffer, *, streams_weights):
        sizes = ((level, values.tobytes()) for level, values in capacities.items())
        given = "runs", shapes.tobytes(), *sizes, smallest_buffer, streams_weights
        streams = {"streams_weights": streams_weights}
        return made_once(given, lambda: LayerRunner(shapes, capacities, smallest_buffer, **streams))

    patch.setattr("imcmoo.model.reference.chips.LayerRunner", runner)


def share_sums_of_operands(patch):
    """Let layer tables of the physical model with equal operands share the sums over slices."""
    of_layers = OperandSums.of_layers

    def shared(layers):
        arrays = layers.distinct, layers.count, layers.input_bits, layers.weight_bits
        operands = vars(layers.operands).values()
        given = "sums", *(array.tobytes() for array in (*arrays, *operands))
        return made_once(given, lambda: of_layers(layers))

    patch.setattr(OperandSums, "of_layers", staticmethod(shared))


def share_models(patch):
    """Let studies of equal spaces, networks and settings have one model, with its search trees."""
    models, trees = {}, {}
    make, partials = registry.make, PhysicalEvaluator.partials

    def shared(name, space, networks, **settings):
        has_file = settings.get("components") not in (None, OPEN)  # which a test may change
        if name not in registry.MODELS or has_file:
            return make(name, space, networks, **settings)
        given = pickle.dumps((name, space, networks, settings))
        if given not in models:
            models[given] = make(name, space, networks, **settings)
        return models[given]

    def shared_tree(model, area_limit_m2):
        given = model, area_limit_m2  # the key keeps the model, so that no other has its identity
        if given not in trees:
            trees[given] = partials(model, area_limit_m2)
        return trees[given]

    patch.setattr(registry, "make", shared)
    patch.setattr(PhysicalEvaluator, "partials", shared_tree)
