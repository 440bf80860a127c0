"""``POST /predict`` and ``POST /predict/<model>``: pictures in, predictions out."""

from collections.abc import Callable

import numpy as np
from flask import Blueprint, current_app, request
from flask_babel import lazy_gettext
from numpy.typing import NDArray

from rabisco.inference import get_predictor
from rabisco.settings import Settings
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.fields import given
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.routing import route
from rabisco.web.read import several
from rabisco.web.read.answers import Predictions, PredictionSchema, Reading, UnreadPicture
from rabisco.web.read.options import PredictionOptions, ReadingOptions
from rabisco.web.read.pictures import PROBLEMS, SentPicture, noted, read_each, read_pictures

blueprint = Blueprint("predict", __name__)


@route(
    blueprint,
    "POST",
    "/predict/<model>",
    "predict_with_model",
    lazy_gettext(
        "The same with the model named in the address: “cnn”, “linear”, or the name of any model. Pictures may "
        "also be sent as base64 text or data URL, in JSON or in a form field."
    ),
    (
        "curl -F file=@seven.png {url}/predict/cnn",
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'"}}' {url}/predict/linear""",
        "curl --data-urlencode image@seven.b64 {url}/predict/cnn",
    ),
    answer=Predictions,
    receives=ReadingOptions,
    problems=PROBLEMS,
    open="it changes nothing",
)
@route(
    blueprint,
    "POST",
    "/predict",
    "predict",
    lazy_gettext(
        "Reads one or more pictures with the default model and answers in their order. Another model is "
        "chosen with “?model=”; “?steps=1” adds how each picture was prepared. With “characters=many”, in the "
        "address or beside the picture, every character is read: the string, and for each its place. "
        "“among=letters” says what is written, so that an O is not answered as a 0; “digits”, “capitals” and "
        "“small-letters” likewise. “top_k=10” answers so many classes."
    ),
    (
        "curl -F file=@seven.png {url}/predict",
        "curl -F file=@seven.png -F file=@three.png '{url}/predict?model=linear'",
        "curl -H 'Content-Type: image/png' --data-binary @seven.png '{url}/predict?steps=1'",
        "curl -F file=@seven.png -F characters=many {url}/predict",
        "curl -F file=@seven.png '{url}/predict?model=emnist-cnn&among=digits'",
    ),
    answer=Predictions,
    receives=PredictionOptions,
    problems=PROBLEMS,
    open="it changes nothing",
)
def predict(model: str | None = None) -> Predictions:
    """Read every picture of the request with one model and answer in the same order."""
    settings: Settings = current_app.config["RABISCO"]
    asked = given(ReadingOptions if model else PredictionOptions)
    predictor = get_predictor(resolve(model or getattr(asked, "model", "")))
    pictures = read_pictures(request, settings.max_files)

    def read_many(picture: SentPicture, pixels: NDArray[np.uint8]) -> Reading:
        read = several.read(picture, pixels, predictor, settings.max_characters, asked.among)
        return Reading.of(read, with_steps=asked.steps)

    def read_one(_: SentPicture, pixels: NDArray[np.uint8]) -> PredictionSchema:
        return PredictionSchema.of(predictor.predict(pixels, asked.top_k, asked.among), with_steps=asked.steps)

    read: Callable[..., PredictionSchema | Reading] = read_many if asked.characters == "many" else read_one
    answers = read_each(pictures, read)
    count_predictions(predictor.card.name, sum(not isinstance(one, UnreadPicture) for one in answers))
    return Predictions(predictions=answers, **noted(pictures))
