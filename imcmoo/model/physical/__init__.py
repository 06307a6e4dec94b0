"""The physical cost model: what a chip would do, with every assumption named."""
