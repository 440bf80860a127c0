"""``POST /predict`` and ``POST /predict/<model>``: pictures in, predictions out."""

from flask import Blueprint, Response, current_app, jsonify, request

from rabisco.inference import get_predictor
from rabisco.settings import Settings
from rabisco.web.aliases import resolve
from rabisco.web.answers import as_json
from rabisco.web.metrics import count_predictions
from rabisco.web.pictures import decode_all, read_pictures

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict")
@blueprint.post("/predict/<model>")
def predict(model: str | None = None) -> Response:
    """Read every picture of the request with one model and answer in the same order."""
    settings: Settings = current_app.config["RABISCO"]
    predictor = get_predictor(resolve(model or request.args.get("model")))
    pictures = decode_all(read_pictures(request, settings.max_files))
    with_steps = request.args.get("steps", "") not in ("", "0")
    predictions = predictor.predict_many(pictures)
    count_predictions(predictor.card.name, len(predictions))
    return jsonify(predictions=[as_json(prediction, with_steps) for prediction in predictions])
