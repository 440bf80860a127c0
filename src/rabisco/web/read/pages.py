"""The pages for people: draw a character, upload pictures."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from pydantic import AfterValidator, Field

from rabisco.artifacts import Card, card_of, list_names
from rabisco.characters import AMONG, Among, knows
from rabisco.corrections import safe_cell
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
from rabisco.web.platform.routing import DocumentedBlueprint, app_settings
from rabisco.web.platform.security import allow_camera
from rabisco.web.read import examples, kinds
from rabisco.web.read.pictures import Pictures, SentPicture, read_pictures
from rabisco.web.read.png import data_url, thumbnail

blueprint = DocumentedBlueprint("pages", __name__)
KEPT_SIDE = 320  # pixels: the normalizer looks at no more
TEXT_SIDE = 720  # pixels of a picture of several characters on the page
COLUMNS = ("picture", "model", "version", "category", "probability", "refused", "remembered")  # of what is saved
CAMERA_PAGES = ("pages.upload_page", "pages.show_uploaded")  # which take pictures with it


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

    example: Annotated[str, AfterValidator(lambda name: one_of("example", name, examples.EXAMPLES))] = Field(
        "", json_schema_extra={"enum": ["", *examples.EXAMPLES]}
    )


@dataclass(frozen=True)
class UploadedPicture:
    """One uploaded picture on the page: what each model reads in it, one character or several, or why none does.

    As data URLs: the ``thumbnail``, what the first model ``saw``, and what is ``kept`` if it is corrected.
    """

    name: str
    thumbnail: str = ""
    predictions: Sequence[Prediction] = ()
    readings: Sequence[TextReading] = ()
    saw: str = ""
    kept: str = ""
    title: str = ""  # of what went wrong
    detail: str = ""
    notes: Sequence[str] = ()  # of decoding


@blueprint.get(
    "/",
    summary=lazy_gettext("The page to draw on; every model reads after each stroke."),
    page=True,
    receives=ReadingChoice,
    problems=(400, 404, 503),
)
def draw_page() -> ResponseReturnValue:
    """Show the drawing pad; without any model, how to train one."""
    shown = _shown(given(ReadingChoice))
    shown["letters"] = kinds.model_of_letters(shown["cards"])
    drawn = [card for card in shown["cards"] if _reads_drawings(card)]
    if shown["cards"] and not drawn:
        return redirect(url_for("pages.upload_page", model=[card.name for card in shown["cards"]]))
    shown["cards"] = drawn
    shown["choices"] = [card.name for card in kinds.all_cards() if _reads_drawings(card)] if shown["choices"] else []
    return render_template("read/draw_many.html" if shown["many"] else "read/draw.html", **shown)


@blueprint.get(
    "/projector",
    summary=lazy_gettext(
        "The page to show to a class: how a stroke becomes an answer, in a network and in a linear model."
    ),
    page=True,
    receives=ReadingChoice,
    problems=(400, 404, 503),
)
def projector_page() -> ResponseReturnValue:
    """Show the pad beside what the models make of it, step by step."""
    shown = _shown(given(ReadingChoice))
    drawn = [card for card in shown["cards"] if _reads_drawings(card)]
    if shown["cards"] and not drawn:
        return redirect(url_for("pages.upload_page", model=[card.name for card in shown["cards"]]))
    return render_template(
        "read/projector.html",
        **shown,
        network=next((card for card in drawn if card.architecture != "linear"), None),
        linear=next((card for card in drawn if card.architecture == "linear"), None),
    )


@blueprint.get(
    "/upload",
    summary=lazy_gettext("The page with a form for pictures; it works without JavaScript."),
    examples=("curl '{url}/upload?model=linear'",),
    page=True,
    receives=ReadingChoice,
    problems=(400, 404, 503),
)
def upload_page() -> ResponseReturnValue:
    """Show the form for pictures."""
    return render_template("read/upload.html", **_shown(given(ReadingChoice)))


@blueprint.post(
    "/upload",
    summary=lazy_gettext("What the form sends: the page shows each picture and its digit."),
    examples=("curl -F file=@seven.png {url}/upload",),
    page=True,
    receives=UploadedPictures,
    problems=(400, 404, 408, 413, 503),
    open="it changes nothing",
)
def show_uploaded() -> ResponseReturnValue:
    """Show each picture sent with what each model reads in it; one that cannot be read says why."""
    asked = given(UploadedPictures)
    shown = _shown(asked)
    pictures = examples.chosen(asked.example) or read_pictures(request, app_settings().max_files)
    rows = [_picture(picture, shown) for picture in pictures]
    if shown["many"]:
        return render_template("read/upload.html", **shown, several=rows)
    return render_template("read/upload.html", **shown, rows=rows, exports=_exports(rows))


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
        "choices": every if len(every := list_names()) > 2 else [],  # the pages show two by themselves
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


def _picture(picture: SentPicture, shown: dict[str, Any]) -> UploadedPicture:
    """Return what the page shows of a picture: what each model reads in it, or why it cannot be read."""
    cards, among, many, readings = shown["cards"], shown["among"], shown["many"], list[TextReading]()
    most = app_settings().max_characters
    try:
        pixels, side = picture.decode(), sent_side(picture.data) if many else 0
        for card in cards if many else ():
            allowance().go_on()
            readings.append(read_many(get_predictor(card.name), pixels, most=most, sent_side=side, among=among))
    except BusyError:
        raise
    except RabiscoError as error:
        return UploadedPicture(picture.name, title=title_of(error), detail=translated(error.sentence))
    answers = {card.name: 3 if _reads_drawings(card) else 5 for card in cards}
    predictions = [] if many else [get_predictor(name).predict(pixels, top, among) for name, top in answers.items()]
    for card in cards:
        count_predictions(card.name, 1)
    notes = [translated(note) for note in picture.notes]
    if many:
        return UploadedPicture(picture.name, thumbnail(pixels, TEXT_SIDE), readings=readings, notes=notes)
    saw, kept = data_url(predictions[0].prepared.pixels), thumbnail(pixels, KEPT_SIDE)
    return UploadedPicture(picture.name, thumbnail(pixels), predictions, saw=saw, kept=kept, notes=notes)


def _exports(rows: list[UploadedPicture]) -> dict[str, str]:
    """Return ``csv`` and ``json``: one line for each picture and model, as data URLs of files to save."""
    lines = [_line(row.name, one) for row in rows for one in row.predictions]
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    writer.writerows({column: safe_cell(line[column]) for column in COLUMNS} for line in lines)
    text = json.dumps(lines, ensure_ascii=False, indent=1)
    return {
        "csv": f"data:text/csv;charset=utf-8,{quote(table.getvalue())}",
        "json": f"data:application/json;charset=utf-8,{quote(text)}",
    }


def _line(name: str, read: Prediction) -> dict[str, Any]:
    answer = {**read.to_dict(), "picture": name, "refused": read.refused}
    return {column: answer[column] for column in COLUMNS}
