"""Record of a search: every evaluated design with its metrics, in memory and on disk."""
