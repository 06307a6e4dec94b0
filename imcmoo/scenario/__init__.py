"""Scenarios: several networks on one chip under a load of requests with deadlines."""
