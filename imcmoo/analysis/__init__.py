"""Quality indicators and statistics over seeds."""
