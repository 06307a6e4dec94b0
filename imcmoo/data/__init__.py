"""Package data: networks and the component table; see README.md beside this file."""
