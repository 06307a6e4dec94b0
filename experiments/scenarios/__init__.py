"""The shipped scenarios: proven chips, enumerated spaces and searches."""
