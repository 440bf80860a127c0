"""``POST /predict`` and ``POST /predict/<model>``: pictures in, predictions out."""

import numpy as np
from flask import Blueprint, current_app, request
from flask_babel import lazy_gettext
from numpy.typing import NDArray

from rabisco.inference import get_predictor
from rabisco.settings import Settings
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.routing import route
from rabisco.web.read import options, several
from rabisco.web.read.answers import Predictions, PredictionSchema, Reading, UnreadPicture
from rabisco.web.read.pictures import PROBLEMS, SentPicture, check_names, noted, read_each, read_pictures

blueprint = Blueprint("predict", __name__)
OPTIONS = (options.STEPS, options.CHARACTERS, options.AMONG_FIELD, options.TOP_K)


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
    receives="any",
    query=OPTIONS,
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
    receives="any",
    query=(options.MODEL, *OPTIONS),
    problems=PROBLEMS,
    open="it changes nothing",
)
def predict(model: str | None = None) -> Predictions:
    """Read every picture of the request with one model and answer in the same order."""
    settings: Settings = current_app.config["RABISCO"]
    predictor = get_predictor(resolve(model or options.given(request, options.MODEL)))
    pictures = read_pictures(request, settings.max_files)
    check_names(request, OPTIONS if model else (options.MODEL, *OPTIONS))
    with_steps = options.wants_steps(request)
    among, top_k = options.expected(request), options.top_k(request)

    def read_many(picture: SentPicture, pixels: NDArray[np.uint8]) -> Reading:
        read = several.read(picture, pixels, predictor, settings.max_characters, among)
        return Reading.of(read, with_steps=with_steps)

    def read_one(_: SentPicture, pixels: NDArray[np.uint8]) -> PredictionSchema:
        return PredictionSchema.of(predictor.predict(pixels, top_k, among), with_steps=with_steps)

    many = options.asks_for_many(request)
    answers: list[PredictionSchema | Reading | UnreadPicture]
    answers = [*read_each(pictures, read_many)] if many else [*read_each(pictures, read_one)]
    count_predictions(predictor.card.name, sum(not isinstance(one, UnreadPicture) for one in answers))
    return Predictions(predictions=answers, **noted(pictures))
