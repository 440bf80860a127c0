"""Judging a model: metrics with intervals, comparisons, plots."""
