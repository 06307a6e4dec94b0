"""Exact answers: enumeration, branch and bound with certificates, and regret against them."""
