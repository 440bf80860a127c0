"""Judging a model: metrics with intervals, calibration, comparisons, robustness, plots.

A model is known here only as a ``Reader``: something that turns images into logits. NumPy and SciPy suffice; plots
import matplotlib when they are drawn. Keras and ONNX Runtime are never imported.
"""

from rabisco.evaluation.calibration import fit_temperature
from rabisco.evaluation.compare import Comparison, Contestant, compare
from rabisco.evaluation.metrics import Evaluation, evaluate, evaluate_logits, require_examples
from rabisco.evaluation.reader import DatasetReader, Reader, read_logits
from rabisco.evaluation.robustness import Robustness, robustness_table

__all__ = [
    "Comparison",
    "Contestant",
    "DatasetReader",
    "Evaluation",
    "Reader",
    "Robustness",
    "compare",
    "evaluate",
    "evaluate_logits",
    "fit_temperature",
    "read_logits",
    "require_examples",
    "robustness_table",
]
