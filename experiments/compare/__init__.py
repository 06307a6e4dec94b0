"""Searches compared with each other from equal starts, judged by exact answers."""
