"""Draw, photograph or upload a character: Rabisco reads it, trains on your data, and compares models honestly.

Training: a *recipe* names a data set, an architecture and a training configuration; running it yields an *artifact*.
Using: one *predictor* loads an artifact and turns pictures into predictions.
"""

import os

__version__ = "0.1.0"

# ONNX Runtime ≥ 1.29 writes a device id and an event queue to the home folder and looks up its maker's collector.
# It reads this variable once, when first imported. Child processes inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# The solvers here are small: OpenBLAS's threads wait for each other longer than they compute, far longer where another
# process has the cores. It reads this variable once, when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
