"""What requests that are no mere pictures hold, as the OpenAPI document says: by the ``receives`` of their routes."""

from typing import Any

from rabisco.models import DEFAULT, choices
from rabisco.runs import PRESETS, limits

Schema = dict[str, Any]


def _number(name: str, description: str = "") -> Schema:
    kind, low, high = limits(name)
    schema: Schema = {"type": "integer" if kind is int else "number", "minimum": low, "maximum": high}
    return {**schema, "description": description} if description else schema


_BINARY: Schema = {"type": "string", "format": "binary"}
_TEXT: Schema = {"type": "string"}
_YES_OR_NO: Schema = {"type": "string", "enum": ["yes", "no", ""]}
_FILES: Schema = {"train": _BINARY, "test": _BINARY}
_CHOICES: Schema = {
    "delimiter": {"type": "string", "enum": [",", ";", "tab", " ", "|", ""]},
    "has_header": _YES_OR_NO,
    "label_column": {"type": "string", "description": "`first`, `last` or a name in the header."},
    "scale": {"type": "string", "enum": ["1", "16", "255", ""], "description": "Value of a full pixel."},
    "inverted": {**_YES_OR_NO, "description": "Whether the images are dark on light."},
    "transposed": {**_YES_OR_NO, "description": "Whether rows and columns of the images are exchanged."},
    "layout": {"type": "string", "enum": ["grey", "planar", "interleaved", ""]},
    "normalizer": _TEXT,
    "folders": {
        "type": "string",
        "enum": ["parts", "classes", ""],
        "description": "What the outermost folders of pictures are: `parts`, such as train and test, or `classes`.",
    },
}
_TRAINING: Schema = {
    "upload": {"type": "string", "description": "Id of an upload."},
    "dataset": {"type": "string", "description": "Name of a data set in the catalog."},
    "recipe": {"type": "string", "description": "Name of a recipe."},
    "name": {"type": "string", "description": "Of the model that is made."},
    "model": {"type": "string", "enum": list(choices()), "default": DEFAULT},
    "epochs": _number("epochs", "By default those of the recipe or of the kind of model."),
    "batch_size": _number("batch_size"),
    "learning_rate": _number("learning_rate"),
    "augmentation": _number("augmentation", "0 is off, 1 the usual."),
    "minutes": _number("minutes", "Time budget."),
    "base": {"type": "string", "description": "Model to begin with."},
    "preset": {
        "type": "string",
        "enum": [*PRESETS],
        "description": "`seconds`: a tiny model of few images; `fast`: a small one of all images, in few epochs.",
    },
    "notes": _TEXT,
}

_QUESTION: Schema = {"type": "string", "minLength": 1, "maxLength": 1000}
_QUESTION_WITH_FACTS: Schema = {
    "type": "object",
    "properties": {
        "question": _QUESTION,
        "source": {"type": "string", "enum": ["", "documentation"]},
        "page": {"type": "string", "maxLength": 300},
        "readings": {
            "type": "array",
            "maxItems": 8,
            "items": {
                "type": "object",
                "properties": {
                    "model": {"type": "string", "maxLength": 120},
                    "category": {"type": "string", "maxLength": 120},
                    "probability": {"type": "number", "minimum": 0, "maximum": 1},
                },
                "required": ["model", "category", "probability"],
            },
        },
        "image": {"type": "string", "pattern": "^data:image/png;base64,[A-Za-z0-9+/=]+$", "maxLength": 200_000},
    },
    "required": ["question"],
    "additionalProperties": False,
}

_READING: Schema = {
    "type": "object",
    "properties": {
        "model": _TEXT,
        "version": {"type": "integer", "minimum": 0},
        "predicted": _TEXT,
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["model", "version", "predicted", "probability"],
    "additionalProperties": False,
}
_CORRECTION: Schema = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "description": "Base64 text or a data URL."},
        "true_label": {
            "type": ["string", "null"],
            "description": "A class, any one character, or `another-character`; null where it is no character.",
        },
        "consent": {"type": "boolean", "description": "Without `true` nothing is stored."},
        "readings": {
            "type": "array",
            "items": _READING,
            "minItems": 1,
            "maxItems": 9,
            "example": [{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}],
        },
        "box": {
            "type": "object",
            "description": "Around the character that is meant, in a picture of several.",
            "properties": {
                "left": {"type": "integer", "minimum": 0, "maximum": 2**24},
                "top": {"type": "integer", "minimum": 0, "maximum": 2**24},
                "width": {"type": "integer", "minimum": 1, "maximum": 2**24},
                "height": {"type": "integer", "minimum": 1, "maximum": 2**24},
            },
            "required": ["left", "top", "width", "height"],
            "additionalProperties": False,
        },
    },
    "required": ["image", "true_label", "consent"],
    "additionalProperties": False,
}

_DRAWING: Schema = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "description": "Its class.", "maxLength": 40},
        "image": {"type": "string", "description": "Base64 text or a data URL."},
    },
    "required": ["label", "image"],
    "additionalProperties": False,
}
_DRAWINGS: Schema = {
    "type": "object",
    "properties": {"drawings": {"type": "array", "items": _DRAWING, "minItems": 1, "maxItems": 5000}},
    "required": ["drawings"],
    "additionalProperties": False,
}


def _forms(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "required": list(required)}
    return {
        "application/json": {"schema": {**schema, "additionalProperties": False}},
        "application/x-www-form-urlencoded": {"schema": schema},
    }


BODIES: dict[str, Schema] = {
    "files": {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {**_FILES, **_CHOICES}, "required": ["train"]}
        }
    },
    "choices": _forms(_CHOICES),
    "training": {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {**_FILES, **_TRAINING}, "required": ["train"]}
        },
        **_forms(_TRAINING),
    },
    "question": {
        **_forms({"question": _QUESTION, "source": {"type": "string", "enum": ["", "documentation"]}}, ("question",)),
        "application/json": {"schema": _QUESTION_WITH_FACTS},
    },
    "correction": {"application/json": {"schema": _CORRECTION}},
    "token": {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"token": _TEXT, "next": _TEXT}, "required": ["token"]}
        }
    },
    "drawings": {"application/json": {"schema": _DRAWINGS}},
    "model": _forms({"model": {"type": "string", "description": "Name of a model."}}, ("model",)),
    "models": _forms(
        {"model": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 4, "description": "Names of models."}},
        ("model",),
    ),
    "name": _forms({"name": {"type": "string", "minLength": 1, "maxLength": 120}}, ("name",)),
    "notes": _forms({"notes": {"type": "string", "maxLength": 20_000}}, ("notes",)),
}
