"""A study as a value, and its runs into a results folder."""
