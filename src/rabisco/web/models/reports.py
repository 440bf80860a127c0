"""``GET /compare/report``: what is known of models as one file, to be handed in or attached."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from flask import Blueprint, Response
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco.artifacts import Artifact, load_artifact
from rabisco.web.models.aliases import default_model, resolve, shown_models
from rabisco.web.models.compare import MOST
from rabisco.web.models.compared import ComparedModel, comparisons, contestant, difference
from rabisco.web.models.report import MEDIA, Format, Report, Reported, render
from rabisco.web.platform.access import may_see_images_of
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.routing import Answered, route

blueprint = Blueprint("reports", __name__)


class ReportAsked(Fields):
    """The models that it is on, and the form of the file."""

    requests: ClassVar[Requests] = tuple({"model": ["mnist-tiny", "mnist-linear"], "form": form} for form in MEDIA)

    model: list[str] = Field([], json_schema_extra={"maxItems": MOST})
    form: Format = "html"


@route(
    blueprint,
    "GET",
    "/compare/report",
    "download_report",
    lazy_gettext(
        "What is known of models as one file: “form” is “html”, a page that needs no server, “json”, “csv” or “svg”."
    ),
    ("curl -o report.html '{url}/compare/report?model=cnn&model=linear'",),
    file=", ".join(MEDIA.values()),
    receives=ReportAsked,
    problems=(400, 404, 503),
)
def download() -> Answered:
    """Return the report as a file."""
    asked = given(ReportAsked)
    names = list(dict.fromkeys(map(resolve, asked.model)))[:MOST] or shown_models() or [default_model()]
    report = report_of([load_artifact(name) for name in names])
    name = "-".join(card.name.replace("@", "-v") for card in report.cards)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}.{asked.form}"}
    return Response(render(report, asked.form), mimetype=MEDIA[asked.form], headers=headers)


def report_of(artifacts: Sequence[Artifact]) -> Report:
    """Return what is known of models: by their cards, and by what was measured of them together."""
    known = list(comparisons(list(artifacts)))
    run = max(known, key=lambda one: len(one.rows), default=None)
    run = run if run and run.rows else None
    compared = [contestant(artifact, run) for artifact in artifacts]
    pairs = [difference(*pair, known) for pair in itertools.combinations(compared, 2)]
    same_images = len({one.card.dataset.fingerprint for one in compared}) == 1
    together = run is not None and len(run.rows) == len(compared) > 1 and same_images
    return Report(
        models=[_reported(one) for one in compared],
        dataset=compared[0].card.dataset.name if together else "",
        examples=compared[0].card.dataset.test_examples if together else 0,
        pairs=pairs,
        comparison=run,
    )


def _reported(one: ComparedModel) -> Reported:
    reported = Reported.of_card(one.artifact, one.timed, one.robustness)
    return reported if may_see_images_of(one.artifact) else replace(reported, wrong=(), right=())
