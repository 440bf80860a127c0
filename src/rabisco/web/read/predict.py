"""``POST /predict`` and ``POST /predict/<model>``: pictures in, predictions out."""

from typing import ClassVar, Literal

import numpy as np
from flask import request
from flask_babel import lazy_gettext
from numpy.typing import NDArray
from pydantic import Field

from rabisco.characters import Among
from rabisco.errors import N_, InvalidRequestError, TooLargeError
from rabisco.images import sent_side
from rabisco.inference import Prediction, Predictor, get_predictor
from rabisco.text_reading import read_many
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.examples import SEVEN
from rabisco.web.platform.fields import Requests, given
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.routing import DocumentedBlueprint, app_settings
from rabisco.web.read import MOST_MODELS, USUAL_TOP_K
from rabisco.web.read.pictures import PROBLEMS, Pictures, SentPicture, noted, read_each, read_pictures
from rabisco.web.read.schemas import Predictions, PredictionSchema, Reading, UnreadPicture

blueprint = DocumentedBlueprint("predict", __name__)
MOST_TOP_K = 1000


class ReadingOptions(Pictures):
    """How pictures are to be read."""

    requests: ClassVar[Requests] = (
        {"image": SEVEN},
        {"image": SEVEN, "characters": "one", "among": "digits", "top_k": 3, "steps": True},
        {"image": SEVEN, "characters": "many"},
        {"images": [SEVEN, "bm90IGEgcGljdHVyZQ=="]},
    )

    characters: Literal["one", "many"] = "one"
    among: Among = "any"
    top_k: int = Field(USUAL_TOP_K, ge=1, le=MOST_TOP_K)
    steps: bool = False


class PredictionOptions(ReadingOptions):
    """By which model, and how."""

    requests: ClassVar[Requests] = (*ReadingOptions.requests, {"image": SEVEN, "model": "mnist-cnn"})

    model: str = ""


@blueprint.post(
    "/predict/<model>",
    operation="predict_with_model",
    summary=lazy_gettext(
        "The same with the model named in the address: “cnn”, “linear”, or the name of any model. Several names, "
        "separated by commas, answer for each picture one after the other. Pictures may also be sent as base64 text "
        "or data URL, in JSON or in a form field."
    ),
    examples=(
        "curl -F file=@seven.png {url}/predict/cnn",
        "curl -F file=@seven.png {url}/predict/cnn,linear",
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'"}}' {url}/predict/linear""",
        "curl --data-urlencode image@seven.b64 {url}/predict/cnn",
    ),
    answer=Predictions,
    receives=ReadingOptions,
    problems=PROBLEMS,
    open="it changes nothing",
)
@blueprint.post(
    "/predict",
    summary=lazy_gettext(
        "Reads one or more pictures with the default model and answers in their order. Another model is "
        "chosen with “?model=”; “?steps=1” adds how each picture was prepared. With “characters=many”, in the "
        "address or beside the picture, every character is read: the string, and for each its place. "
        "“among=letters” says what is written, so that an O is not answered as a 0; “digits”, “capitals” and "
        "“small-letters” likewise. “top_k=10” answers so many classes."
    ),
    examples=(
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
    """Read every picture of the request with each model named and answer in the same order."""
    settings = app_settings()
    asked = given(ReadingOptions if model else PredictionOptions)
    predictors = _predictors(model or str(getattr(asked, "model", "")))
    pictures = read_pictures(request, max(1, settings.max_files // len(predictors)))

    def read(picture: SentPicture, pixels: NDArray[np.uint8]) -> list[PredictionSchema | Reading]:
        found: list[PredictionSchema | Reading] = []
        reads, drawn = list[Prediction](), dict[tuple[str, int], dict[str, str]]()
        for predictor in predictors:
            allowance().go_on()
            if asked.characters == "many":
                most, side = settings.max_characters, sent_side(picture.data)
                text = read_many(predictor, pixels, most=most, sent_side=side, among=asked.among)
                found.append(Reading.of(text, with_steps=asked.steps))
            else:
                ink = next((one.prepared.ink for one in reads if one.prepared.ink), None)
                reads.append(predictor.predict(pixels, asked.top_k, asked.among, ink))
                found.append(PredictionSchema.of(reads[-1], with_steps=asked.steps, drawn=drawn))
        return found

    answers: list[PredictionSchema | Reading | UnreadPicture] = []
    for one in read_each(pictures, read):
        answers += [one] * len(predictors) if isinstance(one, UnreadPicture) else one
    read_by_one = sum(not isinstance(one, UnreadPicture) for one in answers) // len(predictors)
    for predictor in predictors:
        count_predictions(predictor.card.name, read_by_one)
    return Predictions(predictions=answers, **noted(pictures))


def _predictors(asked: str) -> list[Predictor]:
    """Return the predictors of the models named, separated by commas; the default one's where none is.

    Raises:
        InvalidRequestError: One of several is empty.
        TooLargeError: They are too many.
    """
    names = asked.split(",")
    if asked and "" in names:
        raise InvalidRequestError(
            N_("expected names of models, separated by single commas. Received: %(received)s; take out a comma"),
            received=repr(asked[:60]),
        )
    if len(names) > MOST_MODELS:
        raise TooLargeError(
            N_("expected at most %(limit)s models in one request, received %(count)s; send them in several"),
            limit=MOST_MODELS,
            count=len(names),
        )
    return [get_predictor(resolve(name)) for name in names]
