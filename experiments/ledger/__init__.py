"""What the reference model lets happen, measured on the published optimum of every study."""
