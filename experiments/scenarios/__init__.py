"""The shipped scenarios: proven chips, enumerated spaces, searches and times, and their page."""
