"""``GET /health``: whether this process can answer predictions; ``GET /metrics``: its counts and times."""

from flask import Response
from flask_babel import lazy_gettext
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client import generate_latest as as_text

from rabisco import objects
from rabisco.artifacts import list_names
from rabisco.inference import get_predictor
from rabisco.web.models.aliases import default_model
from rabisco.web.platform import schemas
from rabisco.web.platform.metrics import app_metrics
from rabisco.web.platform.routing import DocumentedBlueprint

blueprint = DocumentedBlueprint("monitoring", __name__)


@blueprint.get(
    "/health/ready",
    operation="health_ready",
    summary=lazy_gettext("The same, under the name that orchestrators use."),
    same_as="/health",
    answer=schemas.Ready,
    problems=(503,),
)
@blueprint.get(
    "/health",
    operation="health",
    summary=lazy_gettext("Answers 200 when predictions can be made, and 503 with the reason when they cannot."),
    answer=schemas.Ready,
    problems=(503,),
)
def ready() -> schemas.Ready:
    """Answer 200 when the default model is loaded and can predict; else 503, with the reason."""
    predictor = get_predictor(default_model())
    return schemas.Ready(
        status="ready", default_model=predictor.card.name, models=list_names(), storage=objects.state()
    )


@blueprint.get(
    "/health/live",
    operation="health_live",
    summary=lazy_gettext("Answers 200 as long as the process answers at all."),
    answer=schemas.Live,
)
def live() -> schemas.Live:
    """Answer 200 as long as the process answers at all."""
    return schemas.Live(status="live")


@blueprint.get(
    "/metrics",
    summary=lazy_gettext("Counts of requests and predictions, and times, as Prometheus reads them."),
    plain=True,
)
def metrics() -> Response:
    """Answer the counts and times of this process, in the text format of Prometheus."""
    return Response(as_text(app_metrics().registry), content_type=CONTENT_TYPE_LATEST)
