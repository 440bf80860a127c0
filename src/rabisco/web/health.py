"""``GET /health``: whether this process can answer predictions."""

from flask import Blueprint, Response, jsonify

from rabisco.artifacts import list_names
from rabisco.inference import get_predictor
from rabisco.web.aliases import default_model

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@blueprint.get("/health/ready")
def ready() -> Response:
    """Answer 200 when the default model is loaded and can predict; else 503, with the reason."""
    predictor = get_predictor(default_model())
    return jsonify(status="ready", default_model=predictor.card.name, models=list_names())


@blueprint.get("/health/live")
def live() -> Response:
    """Answer 200 as long as the process answers at all."""
    return jsonify(status="live")
