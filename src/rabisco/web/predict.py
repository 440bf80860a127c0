"""``POST /predict`` and ``POST /predict/<model>``: pictures in, predictions out."""

from flask import Blueprint, Response, current_app, jsonify, request

from rabisco.inference import get_predictor
from rabisco.settings import Settings
from rabisco.web import asked, several
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
    pictures = read_pictures(request, settings.max_files)
    decoded = decode_all(pictures)
    with_steps = request.args.get("steps", "") not in ("", "0")
    among = asked.expected(request)
    if asked.asks_for_many(request):
        readings = several.read_all(pictures, decoded, predictor, settings.max_characters, among)
        answers = [several.as_json(reading, with_steps) for reading in readings]
    else:
        answers = [as_json(prediction, with_steps) for prediction in predictor.predict_many(decoded, among=among)]
    count_predictions(predictor.card.name, len(answers))
    return jsonify(predictions=answers)
