"""``/about``: what five courses asked for, criterion by criterion, each looked up as the page is asked for."""

from datetime import UTC, datetime

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from rabisco import __version__
from rabisco.web.about.criteria import DOCUMENTS
from rabisco.web.platform.routing import DocumentedBlueprint

blueprint = DocumentedBlueprint("about", __name__)


@blueprint.get(
    "/about",
    summary=lazy_gettext("The page that says, criterion by criterion, what was asked for and where it can be seen."),
    page=True,
)
def about_page() -> ResponseReturnValue:
    """Show every criterion with whether it is met and where that can be seen."""
    return render_template("about/about.html", documents=DOCUMENTS, version=__version__)


@blueprint.get(
    "/about/report.md",
    summary=lazy_gettext("The same as a report in Markdown, to hand in."),
    examples=("curl -O {url}/about/report.md",),
    file="text/markdown",
)
def about_report() -> ResponseReturnValue:
    """Return the same as a file to hand in."""
    text = render_template("about/report.md", documents=DOCUMENTS, version=__version__, now=datetime.now(UTC))
    headers = {"Content-Disposition": "attachment; filename=rabisco-report.md"}
    return Response(text, mimetype="text/markdown", headers=headers)
