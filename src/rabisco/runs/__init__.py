"""A training run: a row in the store, a folder, and a process that can be killed at any moment."""
