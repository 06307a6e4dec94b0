"""The criteria-guided memetic NSGA-II and its parts."""
