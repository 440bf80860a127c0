"""The pages for people: draw a character, upload pictures."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from pydantic import Field, field_validator

from rabisco.artifacts import Card, card_of, list_names
from rabisco.characters import AMONG, Among, knows
from rabisco.errors import BusyError, RabiscoError
from rabisco.images import image_kind, sent_side
from rabisco.inference import Prediction, get_predictor
from rabisco.text_reading import TextReading, read_many
from rabisco.web.models.aliases import default_model, shown_models
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.fields import MULTIPART, Fields, Requests, given, one_of
from rabisco.web.platform.languages import translated
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.problems import title_of
from rabisco.web.platform.routing import app_settings, route
from rabisco.web.platform.security import allow_camera
from rabisco.web.read import examples, kinds
from rabisco.web.read.answers import data_url, thumbnail
from rabisco.web.read.exports import exports
from rabisco.web.read.inside_words import inside_words
from rabisco.web.read.pictures import Pictures, SentPicture, read_pictures

blueprint = Blueprint("pages", __name__)
KEPT_SIDE = 320  # pixels: the normalizer looks at no more
TEXT_SIDE = 720  # pixels of a picture of several characters on the page
CAMERA_PAGES = ("pages.upload", "pages.show_uploaded")  # which take pictures with it


class ReadingChoice(Fields):
    """Which models read, what is written, and how many characters there are in a picture."""

    requests: ClassVar[Requests] = (
        {"model": ["mnist-cnn", "mnist-linear"], "characters": "one", "among": "any", "kind": "digits"},
    )

    model: list[str] = Field([])
    characters: Literal["one", "many"] = "one"
    among: Among = "any"
    kind: kinds.Kind | Literal[""] = Field("", description="What the models are to read.")


class UploadedPictures(ReadingChoice):
    """Pictures to be shown with what is read in them, or the name of an example."""

    media: ClassVar = (MULTIPART,)
    files: ClassVar = Pictures.files
    further: ClassVar = Pictures.further
    requests: ClassVar[Requests] = (
        {"example": "ship", "model": ["cifar10-cnn"], "characters": "one", "among": "any", "kind": "photographs"},
    )

    example: str = Field("", json_schema_extra={"enum": ["", *examples.EXAMPLES]})

    @field_validator("example")
    @classmethod
    def _known(cls, name: str) -> str:
        return one_of("example", name, examples.EXAMPLES)


@dataclass(frozen=True)
class UploadedPicture:
    """One uploaded picture on the page: what was read in it, or why nothing was.

    Attributes:
        name: As it was sent.
        thumbnail: The picture, as a data URL.
        saw: What the first model saw of it, as a data URL.
        kept: What is stored if it is corrected, as a data URL.
        predictions: One of each model, where it holds one character.
        readings: One of each model, where it may hold several.
        title: What went wrong; empty if nothing did.
        detail: The same at length.
        notes: What decoding had to note.
    """

    name: str
    thumbnail: str = ""
    saw: str = ""
    kept: str = ""
    predictions: tuple[Prediction, ...] = ()
    readings: tuple[TextReading, ...] = ()
    title: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()


@route(
    blueprint,
    "GET",
    "/",
    "draw_page",
    lazy_gettext("The page to draw on; every model reads after each stroke."),
    ("curl {url}/",),
    page=True,
    receives=ReadingChoice,
    problems=(400, 404, 503),
)
def draw() -> ResponseReturnValue:
    """Show the drawing pad; without any model, how to train one."""
    shown = _shown(given(ReadingChoice))
    shown["letters"] = kinds.model_of_letters(shown["cards"])
    drawn = [card for card in shown["cards"] if _reads_drawings(card)]
    if shown["cards"] and not drawn:
        return redirect(url_for("pages.upload", model=[card.name for card in shown["cards"]]))
    shown["cards"] = drawn
    shown["choices"] = [card.name for card in kinds.all_cards() if _reads_drawings(card)] if shown["choices"] else []
    shown["inside_words"] = inside_words()
    return render_template("read/draw_many.html" if shown["many"] else "read/draw.html", **shown)


@route(
    blueprint,
    "GET",
    "/projector",
    "projector_page",
    lazy_gettext("The page to show to a class: how a stroke becomes an answer, in a network and in a linear model."),
    ("curl {url}/projector",),
    page=True,
    receives=ReadingChoice,
    problems=(400, 404, 503),
)
def projector() -> ResponseReturnValue:
    """Show the pad beside what the models make of it, step by step."""
    shown = _shown(given(ReadingChoice))
    drawn = [card for card in shown["cards"] if _reads_drawings(card)]
    if shown["cards"] and not drawn:
        return redirect(url_for("pages.upload", model=[card.name for card in shown["cards"]]))
    return render_template(
        "read/projector.html",
        **shown,
        inside_words=inside_words(),
        network=next((card for card in drawn if card.architecture != "linear"), None),
        linear=next((card for card in drawn if card.architecture == "linear"), None),
    )


@route(
    blueprint,
    "GET",
    "/upload",
    "upload_page",
    lazy_gettext("The page with a form for pictures; it works without JavaScript."),
    ("curl '{url}/upload?model=linear'",),
    page=True,
    receives=ReadingChoice,
    problems=(400, 404, 503),
)
def upload() -> ResponseReturnValue:
    """Show the form for pictures."""
    return render_template("read/upload.html", **_shown(given(ReadingChoice)))


@route(
    blueprint,
    "POST",
    "/upload",
    "show_uploaded",
    lazy_gettext("What the form sends: the page shows each picture and its digit."),
    ("curl -F file=@seven.png {url}/upload",),
    page=True,
    receives=UploadedPictures,
    problems=(400, 404, 408, 413, 503),
    open="it changes nothing",
)
def show_uploaded() -> ResponseReturnValue:
    """Show each picture sent with what each model reads in it; one that cannot be read says why."""
    asked = given(UploadedPictures)
    shown = _shown(asked)
    cards, among = shown["cards"], shown["among"]
    settings = app_settings()
    pictures = examples.chosen(asked.example) or read_pictures(request, settings.max_files)
    if shown["many"]:
        texts = [_text_row(picture, cards, settings.max_characters, among) for picture in pictures]
        return render_template("read/upload.html", **shown, several=texts)
    rows = [_row(picture, cards, among) for picture in pictures]
    found = [(row.name, row.predictions) for row in rows]
    return render_template("read/upload.html", **shown, rows=rows, exports=exports(found), inside_words=inside_words())


@blueprint.after_request
def _with_camera(response: Response) -> Response:
    return allow_camera(response) if request.endpoint in CAMERA_PAGES else response


def _shown(asked: ReadingChoice) -> dict[str, Any]:
    """Return what the pages show of what was asked: which models, how many characters, of what kind."""
    names, among, instead_of = _who_reads(asked)
    cards = [get_predictor(name).card for name in names]
    photographs = not any(_reads_drawings(card) for card in cards)
    return {
        "cards": cards,
        "settings": app_settings(),
        "choices": _choices(),
        "many": asked.characters == "many" and not photographs,
        "among": among,
        "kinds": AMONG,
        "kind": kinds.kind_of(cards[0], among),
        "offered": kinds.offered(),
        "instead_of": instead_of,
        "photographs": photographs,
        "examples": examples.EXAMPLES,
        "drawn": examples.DRAWN,
    }


def _who_reads(asked: ReadingChoice) -> tuple[list[str], Among, str]:
    """Return the models to use, the kind of characters they expect, and the model they replace (usually empty).

    No combination that a page offers is refused: of models that do not know what is written, better suited ones take
    the place, and where there are none, anything is expected.
    """
    among, chosen = asked.among, list(filter(None, asked.model))
    if (kind := asked.kind) and not chosen:
        among = "letters" if kind == "letters" and among == "any" else among
        names = kinds.models_of(kind)
        if names:
            known = any(knows(card_of(name).class_names, among) for name in names)
            return names, among if known else "any", ""
    names = shown_models(chosen) or [default_model()]
    if knowing := [name for name in names if knows(get_predictor(name).card.class_names, among)]:
        return knowing, among, ""
    suited = kinds.models_of("digits" if among == "digits" else "letters")
    return (suited, among, names[0]) if suited else (names, "any", names[0])


def _reads_drawings(card: Card) -> bool:
    return image_kind(card.normalizer) == "grey"


def _choices() -> list[str]:
    """Return the names to choose from, once there are more than the pages show by themselves."""
    names = list_names()
    return names if len(names) > 2 else []


def _row(picture: SentPicture, cards: list[Card], among: Among) -> UploadedPicture:
    try:
        pixels = picture.decode()
    except BusyError:
        raise
    except RabiscoError as error:
        return _unread(picture, error)
    predictions = tuple(
        get_predictor(card.name).predict(pixels, 3 if _reads_drawings(card) else 5, among) for card in cards
    )
    for prediction in predictions:
        count_predictions(prediction.model, 1)
    saw = data_url(predictions[0].prepared.pixels)
    notes = tuple(translated(note) for note in picture.notes)
    return UploadedPicture(
        picture.name, thumbnail(pixels), saw, thumbnail(pixels, KEPT_SIDE), predictions, notes=notes
    )


def _text_row(picture: SentPicture, cards: list[Card], most: int, among: Among) -> UploadedPicture:
    """Return what the page shows of a picture of at most ``most`` characters."""
    try:
        pixels, side, readings = picture.decode(), sent_side(picture.data), []
        for card in cards:
            allowance().go_on()
            readings.append(read_many(get_predictor(card.name), pixels, most=most, sent_side=side, among=among))
    except BusyError:
        raise
    except RabiscoError as error:
        return _unread(picture, error)
    for reading in readings:
        count_predictions(reading.model, 1)
    notes = tuple(translated(note) for note in picture.notes)
    return UploadedPicture(picture.name, thumbnail(pixels, TEXT_SIDE), readings=tuple(readings), notes=notes)


def _unread(picture: SentPicture, error: RabiscoError) -> UploadedPicture:
    return UploadedPicture(picture.name, title=title_of(error), detail=translated(error.sentence))
