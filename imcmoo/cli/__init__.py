"""Command lines: one clear line for each error."""
