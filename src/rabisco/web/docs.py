"""``GET /docs``: what each route does, with an example to run."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

blueprint = Blueprint("docs", __name__)


@blueprint.get("/docs")
def index() -> ResponseReturnValue:
    """Show the documentation of the API."""
    return render_template("docs.html")
