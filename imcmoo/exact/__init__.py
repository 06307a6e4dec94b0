"""Exact answers by enumeration, and how far designs are from them."""
