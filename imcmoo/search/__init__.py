"""The customised NSGA-II and its parts."""
