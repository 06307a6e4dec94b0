"""Small spaces of the physical model."""

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Ordinal

SPACE = DesignSpace(
    "physical_sram",
    (
        Ordinal("voltage_V", (0.7, 0.8, 0.9)),
        Ordinal("rows", (64, 128, 256)),
        Ordinal("columns_per_adc", (4, 8, 16)),
        Ordinal("adc_bits", (3, 4, 6, 8)),
        Ordinal("router_groups", (2, 4, 8)),
    ),
    fixed={
        "device": "sram",
        "technology_nm": 22,
        "cols": 128,
        "active_rows": 32,
        "bits_per_cell": 1,
        "input_slice_bits": 1,
        "macros_per_tile": 16,
        "tiles_per_group": 8,
        "glb_KiB": 2048,
        "glb_banks": 4,
        "link_bits": 128,
        "dram": "x32",
        "schedule": "layer",
    },
)
ROWS = Ordinal("rows", (64, 128, 256))
DEVICE_SPACES = {
    device: DesignSpace(
        device,
        (
            Ordinal("technology_nm", (22, 32)),
            Ordinal("voltage_V", (0.7, 1.0)),
            ROWS,
            Conditional("active_rows", ROWS, {r: (r // 8, r) for r in ROWS.values}),
            Ordinal("bits_per_cell", bits),
            Ordinal("input_slice_bits", (1, 4)),
            Categorical("input_coding", ("levels", "pulses")),
            Categorical("weight_coding", ("offset", "differential")),
            Ordinal("adc_bits", (5, 8)),
            Ordinal("columns_per_adc", (1, 8)),
            Ordinal("sample_and_hold", (0, 1)),
            Ordinal("tiles_per_group", (2, 32)),
            Ordinal("router_groups", (4, 64)),
            Ordinal("glb_KiB", (256, 8192)),
            Ordinal("link_bits", (32, 512)),
            Categorical("dram", ("none", "x32")),
            Categorical("schedule", ("layer", "pipelined")),
        ),
        fixed={"device": device, "cols": 256, "macros_per_tile": 16, "glb_banks": 4},
    )
    for device, bits in (("rram", (1, 2, 4)), ("sram", (1,)))
}
NETWORKS = ("resnet18", "alexnet")
