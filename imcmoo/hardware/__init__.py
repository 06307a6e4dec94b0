"""Costs of devices and components: component tables and their builder."""
