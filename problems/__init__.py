"""The shipped spaces and studies by name, for programs in a checkout.

The files in `spaces/` and `studies/` are the data; the wheel carries them, but not this module.
An installed package reads them through `imcmoo.study.catalogue`.
"""

from imcmoo.api import KINDS
from imcmoo.study import catalogue, spaces

STUDIES = catalogue.shipped_studies(KINDS)
"""Every study by name, in alphabetical order."""

SPACES = spaces.device_spaces()
"""The widest space of each device: what `imcmoo evaluate --device` accepts."""

_EVERY = spaces.spaces()

RRAM = _EVERY["rram"]
SRAM = _EVERY["sram"]
SRAM_LARGE = _EVERY["sram_large"]
SRAM_TECHNOLOGY = _EVERY["sram_technology"]
RRAM_PHYSICAL = _EVERY["rram_physical"]
RRAM_PHYSICAL_ATTENTION = _EVERY["rram_physical_attention"]
DIMC_PHYSICAL = _EVERY["dimc_physical"]
DIMC_PHYSICAL_ATTENTION = _EVERY["dimc_physical_attention"]
SRAM_PHYSICAL = _EVERY["sram_physical"]
SRAM_PHYSICAL_ATTENTION = _EVERY["sram_physical_attention"]
RRAM_GENERATION = _EVERY["rram_generation"]
SRAM_GENERATION = _EVERY["sram_generation"]
DIMC_GENERATION = _EVERY["dimc_generation"]
RRAM_EXTENDED = _EVERY["rram_extended"]
SRAM_EXTENDED = _EVERY["sram_extended"]
SRAM_TECHNOLOGY_EXTENDED = _EVERY["sram_technology_extended"]
