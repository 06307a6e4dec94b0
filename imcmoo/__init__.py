"""Design of in-memory-computing accelerators for several neural networks at once."""

__version__ = "0.1.0"
