"""The CNNs read corrupted images better than the linear models; that for digits at least 95% of them in the mean.

MNIST's 10,000 test images, and the 10,597 of the part of EMNIST at hand for the character models, under each of eleven
corruptions of fixed strength (``rabisco.evaluation.robustness``, seed 0), given to the models as they are (the linear
model of digits stands them upright first, as in serving). The baseline is the linear model of the same classes.
"""

from typing import Any

from benchmarks import CHARACTER_MODELS, DIGIT_MODELS, TINY_MODEL
from rabisco import data
from rabisco.evaluation import DatasetReader, robustness_table
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import get_predictor


def run() -> dict[str, Any]:
    """Read every corruption with every model."""
    models = {}
    parts = (((*DIGIT_MODELS, TINY_MODEL), "mnist"), (CHARACTER_MODELS, "emnist-pages"))
    for names, dataset in ((names, data.load(part)) for names, part in parts):
        for name in names:
            reader = DatasetReader(get_predictor(name), dataset.class_names)
            models[name] = robustness_table(reader, dataset.test).to_dict()
    return {"n": sum(one["examples"] for one in models.values()), "seed": 0, "models": models}


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
