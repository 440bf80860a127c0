"""``GET /train`` and ``POST /training``: training from the page."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from werkzeug.exceptions import NotImplemented as NotBuilt

blueprint = Blueprint("train", __name__)

# Commands that train, the quickest first.
COMMANDS = (
    ("rabisco train digits-linear", lazy_gettext("A linear model, in seconds, on digits that need no download:")),
    ("rabisco train mnist-linear", lazy_gettext("The linear model of the drawing page, in a minute or two:")),
    ("rabisco train mnist-cnn", lazy_gettext("The neural network of the drawing page; the longest, and the best:")),
)


@blueprint.get("/train")
def index() -> ResponseReturnValue:
    """Show how a model is trained."""
    return render_template("train.html", commands=COMMANDS)


@blueprint.post("/training")
def start() -> ResponseReturnValue:
    """Refuse: training from the page is not built yet."""
    raise NotBuilt
