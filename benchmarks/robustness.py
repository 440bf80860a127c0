"""The CNN reads corrupted images better than the linear model, on average over eleven corruptions of fixed strength.

MNIST's 10,000 test images under each corruption of ``rabisco.evaluation.robustness`` (seed 0), given to the models
as they are (the linear model stands them upright first, as in serving); the strengths are written beside the
accuracies. The baseline is the linear model.
"""

from typing import Any

from benchmarks import DIGIT_MODELS
from rabisco import data
from rabisco.evaluation import DatasetReader, robustness_table
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import get_predictor


def run() -> dict[str, Any]:
    """Read every corruption with every model."""
    dataset = data.load("mnist")
    readers = {name: DatasetReader(get_predictor(name), dataset.class_names) for name in DIGIT_MODELS}
    models = {name: robustness_table(reader, dataset.test).to_dict() for name, reader in readers.items()}
    return {"n": len(dataset.test), "seed": 0, "models": models}


def table(result: dict[str, Any]) -> str:
    """Return one row per corruption and one column per model, as a Markdown table."""
    models = result["models"]
    summary = [("none", "clean_accuracy"), ("**mean of the corruptions**", "mean_accuracy")]
    first, last = ([title, *(f"{one[key]:.2%}" for one in models.values())] for title, key in summary)
    corrupted = [
        [rows[0]["strength"].rstrip("."), *(f"{row['accuracy']:.2%}" for row in rows)]
        for rows in zip(*(one["rows"] for one in models.values()), strict=True)
    ]
    return markdown_table(["Corruption", *(f"`{name}`" for name in models)], [first, *corrupted, last])
