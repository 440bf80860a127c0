"""Corrections: what readers say of readings, and what a model learned of them."""
