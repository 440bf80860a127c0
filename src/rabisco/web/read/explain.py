"""``POST /explain``: which parts of a picture mattered to a model's answer."""

import numpy as np
from flask import Blueprint, current_app, request
from flask_babel import lazy_gettext
from numpy.typing import NDArray

from rabisco.explanation import Explanation, explain
from rabisco.inference import get_predictor
from rabisco.settings import Settings
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.fields import given
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.routing import route
from rabisco.web.read import answers
from rabisco.web.read.answers import Explanations, UnreadPicture, data_url
from rabisco.web.read.options import ExplanationOptions
from rabisco.web.read.pictures import PROBLEMS, noted, read_each, read_pictures

blueprint = Blueprint("explain", __name__)
MOST = 8  # pictures: each is read many times
FOR, AGAINST = (255, 170, 40), (90, 120, 255)  # colors of what speaks for the answer and against it
STRENGTH = 0.8  # of the color where it matters most


@route(
    blueprint,
    "POST",
    "/explain",
    "explain",
    lazy_gettext(
        "Reads up to eight pictures and says which parts of each mattered: how much less probable the answer "
        "becomes where a part is covered."
    ),
    ("curl -F file=@seven.png '{url}/explain?model=cnn'",),
    answer=Explanations,
    receives=ExplanationOptions,
    problems=PROBLEMS,
    open="it changes nothing",
)
def explain_pictures() -> Explanations:
    """Read every picture of the request with one model, and say what mattered."""
    settings: Settings = current_app.config["RABISCO"]
    asked = given(ExplanationOptions)
    predictor = get_predictor(resolve(asked.model))
    pictures = read_pictures(request, min(MOST, settings.max_files))
    explained = read_each(pictures, lambda _, pixels: _answer(explain(predictor, pixels, asked.among)))
    count_predictions(predictor.card.name, sum(not isinstance(one, UnreadPicture) for one in explained))
    return Explanations(explanations=explained, **noted(pictures))


def heat(explanation: Explanation) -> NDArray[np.uint8]:
    """Return what the model saw, uint8 ``(H, W, 3)``, colored by how much each pixel mattered."""
    pixels = explanation.prediction.prepared.pixels.astype(np.float32)
    seen = np.repeat(pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    importance = explanation.importance[..., np.newaxis]
    share = STRENGTH * np.abs(importance) / max(float(np.abs(importance).max()), 1e-6)
    color = np.where(importance > 0, FOR, AGAINST)
    return np.asarray((seen * (1 - share) + color * share).round(), np.uint8)


def _answer(explained: Explanation) -> answers.ExplanationSchema:
    importance = np.round(explained.importance.astype(np.float64), 4).tolist()
    return answers.ExplanationSchema.of(explained.prediction, importance=importance, image=data_url(heat(explained)))
