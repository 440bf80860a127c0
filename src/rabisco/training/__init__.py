"""Fitting a model to a data set: configuration, schedule, loop."""
