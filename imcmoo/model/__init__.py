"""Cost models: designs in, metrics out."""
