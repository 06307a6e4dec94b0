"""A user's cost model that runs another program, with stored answers."""
