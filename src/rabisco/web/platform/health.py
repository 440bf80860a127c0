"""``GET /health``: whether this process can answer predictions."""

from flask_babel import lazy_gettext

from rabisco import objects
from rabisco.artifacts import list_names
from rabisco.inference import get_predictor
from rabisco.web.models.aliases import default_model
from rabisco.web.platform import shapes
from rabisco.web.platform.routing import DocumentedBlueprint

blueprint = DocumentedBlueprint("health", __name__)


@blueprint.get(
    "/health/ready",
    operation="health_ready",
    summary=lazy_gettext("The same, under the name that orchestrators use."),
    same_as="/health",
    answer=shapes.Ready,
    problems=(503,),
)
@blueprint.get(
    "/health",
    operation="health",
    summary=lazy_gettext("Answers 200 when predictions can be made, and 503 with the reason when they cannot."),
    answer=shapes.Ready,
    problems=(503,),
)
def ready() -> shapes.Ready:
    """Answer 200 when the default model is loaded and can predict; else 503, with the reason."""
    predictor = get_predictor(default_model())
    return shapes.Ready(
        status="ready", default_model=predictor.card.name, models=list_names(), storage=objects.state()
    )


@blueprint.get(
    "/health/live",
    operation="health_live",
    summary=lazy_gettext("Answers 200 as long as the process answers at all."),
    answer=shapes.Live,
)
def live() -> shapes.Live:
    """Answer 200 as long as the process answers at all."""
    return shapes.Live(status="live")
