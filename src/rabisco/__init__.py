"""Draw, photograph or upload a character: Rabisco reads it, trains on your data, and compares models honestly.

Training: a *recipe* names a data set, an architecture and a training configuration; running it yields an *artifact*.
Using: one *predictor* loads an artifact and turns pictures into predictions.
"""

__version__ = "0.1.0"
