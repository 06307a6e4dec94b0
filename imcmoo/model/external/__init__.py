"""A cost model of a user's that is another program: evaluated apart, and kept."""
