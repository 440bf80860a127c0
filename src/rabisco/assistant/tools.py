"""What a model may look up while it answers: facts of this server, read-only, as JSON.

Names of classes, files and trainings come from users. They are handed over as values of JSON, never as instructions.
"""

import json
from collections.abc import Callable
from typing import Any

from rabisco import artifacts, runs
from rabisco.assistant.knowledge import search
from rabisco.errors import RabiscoError

MOST_CHARACTERS = 8000
_FIGURES = (
    "test_accuracy",
    "test_accuracy_low",
    "test_accuracy_high",
    "test_roc_auc",
    "test_calibration_error",
    "validation_accuracy",
)
_CURVE = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate")


def search_documentation(question: str, language: str = "en") -> list[dict[str, str]]:
    """Return the sections of the documentation that fit a question best."""
    return [
        {"title": entry.title, "page": entry.page, "text": entry.text[:1500]} for entry in search(question, language)
    ]


def list_models() -> list[dict[str, Any]]:
    """Return every model: what it learned from, how often it is right on its test images, and between which bounds."""
    return [_summary(artifacts.load_artifact(name).card) for name in artifacts.list_names()]


def get_model(name: str) -> dict[str, Any]:
    """Return one model's card: figures, training curve, and which classes it mistakes for which."""
    card = artifacts.load_artifact(name).card
    return {
        **_summary(card),
        "image_shape": card.image_shape,
        "normalizer": card.normalizer,
        "configuration": card.configuration,
        "all_figures": card.metrics,
        "training_curve": card.history[-40:],
        "mistakes": _mistakes(card),
        "notes": card.notes,
    }


def list_trainings() -> list[dict[str, Any]]:
    """Return the newest trainings: state, data, accuracy on the test images."""
    return [_training(run) for run in runs.list_runs()[:20]]


def get_training(run_id: str) -> dict[str, Any]:
    """Return one training with its curve: loss and accuracy of training and validation images for each epoch."""
    run = runs.get(run_id)
    epochs = [event.payload for event in runs.events(run_id, 0, 2000) if event.kind == "epoch"]
    curve = [{key: value for key, value in epoch.items() if key in _CURVE} for epoch in epochs[-60:]]
    return {**_training(run), "configuration": run.configuration, "figures": run.metrics, "training_curve": curve}


_TOOLS: dict[str, tuple[Callable[..., Any], str | None]] = {  # and what each is to be given
    "search_documentation": (search_documentation, "question"),
    "list_models": (list_models, None),
    "get_model": (get_model, "name"),
    "list_trainings": (list_trainings, None),
    "get_training": (get_training, "run_id"),
}


def definitions(reading: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the tools as the chat completions API describes functions; without a reading none asks for it."""
    known = {name: (str(function.__doc__), argument) for name, (function, argument) in _TOOLS.items()}
    if reading is not None:
        known["get_current_reading"] = ("Return what the models read in the visitor's drawing.", None)
    return [
        {"type": "function", "function": {"name": name, "description": text, "parameters": _schema(argument)}}
        for name, (text, argument) in known.items()
    ]


def _schema(argument: str | None) -> dict[str, Any]:
    """Return the JSON schema of what a function is given: one text, or nothing."""
    if argument is None:
        return {"type": "object", "properties": {}}
    return {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}


def call(name: str, arguments: dict[str, Any], language: str, reading: dict[str, Any] | None) -> str:
    """Return what a tool answers, as JSON; an error is an answer too, so that the model can go on."""
    try:
        if name == "get_current_reading" and reading is not None:
            answer: Any = reading
        elif name == "search_documentation":
            answer = search_documentation(str(arguments.get("question", "")), language)
        elif name in _TOOLS:
            answer = _TOOLS[name][0](**{key: str(value)[:200] for key, value in arguments.items()})
        else:
            answer = {"error": f"a tool must be one of {', '.join(_TOOLS)}. Received: {name[:60]}"}
    except RabiscoError as error:
        answer = {"error": str(error)}
    except TypeError:
        answer = {"error": f"{name} does not take these arguments: {', '.join(arguments)[:200]}"}
    return json.dumps(answer, ensure_ascii=False, default=str)[:MOST_CHARACTERS]


def _summary(card: artifacts.Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "architecture": card.architecture,
        "data_set": card.dataset.name,
        "test_images": card.dataset.test_examples,
        "classes": list(card.class_names)[:100],
        "figures": {key: round(card.metrics[key], 5) for key in _FIGURES if key in card.metrics},
        "training_seconds": round(card.training_seconds, 1),
        "weights": card.parameters,
    }


def _mistakes(card: artifacts.Card) -> list[dict[str, Any]]:
    """Return the confusions that happen most often on the test images."""
    found = [
        (count, sum(counts), card.class_names[row], card.class_names[column])
        for row, counts in enumerate(card.confusions or [])
        for column, count in enumerate(counts)
        if row != column and count
    ]
    worst = sorted(found, key=lambda one: -one[0])[:15]
    return [{"true_class": one[2], "read_as": one[3], "images": one[0], "of": one[1]} for one in worst]


def _training(run: runs.Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "data": run.data,
        "model": run.artifact,
        "test_accuracy": run.accuracy,
        "message": str(run.message),
        "progress": run.progress,
    }
