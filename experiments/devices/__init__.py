"""Which device makes the better chip: analog SRAM, digital SRAM or RRAM."""
