"""The form of a training: what may be filled in, what is wrong with it in words, and the request that comes of it."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar

from flask_babel import LazyString, lazy_gettext
from pydantic import AfterValidator, BeforeValidator, Field

from rabisco import artifacts, data
from rabisco.data import Entry
from rabisco.errors import N_, InvalidConfigurationError, InvalidRequestError, RabiscoError
from rabisco.images import ImageKind, image_kind
from rabisco.models import DEFAULTS, choices
from rabisco.runs import PRESETS, RunRequest, estimates, limits
from rabisco.settings import get_settings
from rabisco.text import normalized, plain
from rabisco.training.config import TrainingConfiguration
from rabisco.uploads import Upload
from rabisco.web.models.versions import ClassNames
from rabisco.web.platform.examples import TABLE
from rabisco.web.platform.fields import (
    FORM,
    JSON,
    MULTIPART,
    Fields,
    Requests,
    one_of,
    other_form,
    refused,
    wrong_with,
)
from rabisco.web.platform.languages import translated
from rabisco.web.platform.outages import known

AUGMENTATIONS: dict[str, LazyString] = {
    "": lazy_gettext("automatic"),
    "1": lazy_gettext("usual"),
    "0.5": lazy_gettext("gentle"),
    "0": lazy_gettext("off"),
}


def form_words(images: int, kind: str) -> dict[str, Any]:
    """Return what the templates of the form need for images of a kind, 0 if nobody has counted them.

    Also how long each preset took here last, or is likely to.
    """
    seconds = {name: known(partial(estimates.seconds_of_preset, name), None) for name in PRESETS if name}
    offers_fast = images >= FEW
    likely = None
    if offers_fast and kind == "grey":
        with suppress(RabiscoError):  # where the bundled network is not to be had, nothing is told
            likely = estimates.seconds_of_fast(images)
    return {
        "training_models": choices,
        "augmentations": AUGMENTATIONS,
        "preset_seconds": seconds,
        "offers_fast": offers_fast,
        "likely_seconds": likely,
        "has_cluster": bool(get_settings().runner),
        "kind": kind,
    }


NUMBERS = ("epochs", "batch_size", "learning_rate", "augmentation", "minutes")
RESOURCES = ("cpus", "gpus", "memory")
# Fields of files, and the other names under which they are taken; the first are those of our own form.
TRAINING_FILES = {
    "train": ("training", "file", "files", "data", "upload", "csv", "zip", "train_file"),
    "test": ("testing", "test_file"),
}
STEPS = 400  # that a training should have, where the images are few
MOST_EPOCHS_SUGGESTED = 60
FEW = 1000  # images, of which even the quick try needs more than a few steps
USUAL = "usual"  # field of our own form: what counts where no setting was changed


def _free(value: str) -> str:
    try:
        artifacts.check_name(value)
    except InvalidConfigurationError as error:
        raise refused(error.sentence.message, **error.sentence.values) from error
    if (artifacts.BUNDLED_DIR / value).exists():
        raise refused(N_("a model that came with Rabisco has this name; choose another"))
    return value


def _there(value: str) -> str:
    if not artifacts.exists(value):
        raise refused(N_("there is no such model"))
    return value


def _listed(value: object) -> object:
    """Return a list that came as JSON, as the form keeps it, or as one text."""
    (text,) = value if isinstance(value, list) and len(value) == 1 else (value,)
    if isinstance(text, str):
        return json.loads(text) if text.startswith("[") else [text]
    return value


def limited(name: str, description: str | None = None) -> Any:
    """Return the field of a number that a run limits."""
    _, low, high = limits(name)
    return Field(None, ge=low, le=high, description=description)


Key = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


class Training(Fields):
    """What to train on, and how."""

    media: ClassVar = (MULTIPART, JSON, FORM)
    files: ClassVar = TRAINING_FILES
    further: ClassVar = (USUAL,)
    requests: ClassVar[Requests] = (
        {"dataset": "digits", "preset": "seconds"},
        {
            "dataset": "digits",
            "model": "linear",
            "name": "my-digits",
            "epochs": 20,
            "batch_size": 64,
            "learning_rate": 0.01,
            "augmentation": 0.5,
            "minutes": 5.0,
            "cpus": 2.0,
            "gpus": 0.0,
            "memory": 2_000_000_000,
            "notes": "a thicker pen",
            "leave_out": ["0f343b0931126a20", "d133d67c2b018a3b"],
        },
        {"recipe": "digits-cnn", "epochs": 5},
        {"dataset": "digits", "base": "mnist-tiny", "epochs": 3},
        {"upload": "2f9d6d2f1d0b4c55", "class_names": "L = corner, T = cross"},
        {"train": TABLE, "test": TABLE, "epochs": 5},
    )

    upload: str | None = Field(None, description="Id of an upload.")
    dataset: str | None = Field(None, description="Name of a data set in the catalog.")
    recipe: str | None = Field(None, description="Name of a recipe.")
    name: Annotated[str, AfterValidator(_free)] | None = Field(None, description="Of the model that is made.")
    model: Annotated[str, AfterValidator(lambda name: one_of("model", name, choices()))] | None = Field(
        None,
        json_schema_extra={"enum": list(choices())},
        description=f"By default `{DEFAULTS['grey']}`, for images in color `{DEFAULTS['colour']}`.",
    )
    epochs: int | None = limited("epochs", "By default those of the recipe or of the kind of model.")
    batch_size: int | None = limited("batch_size")
    learning_rate: float | None = limited("learning_rate")
    augmentation: float | None = limited("augmentation", "0 is off, 1 the usual.")
    minutes: float | None = limited("minutes", "Time budget.")
    cpus: float | None = limited("cpus", "Processors that a cluster keeps for it; the settings say how many if not.")
    gpus: float | None = limited("gpus", "GPUs that a cluster keeps for it.")
    memory: int | None = limited("memory", "Bytes that a cluster keeps for it.")
    base: Annotated[str, AfterValidator(_there)] | None = Field(None, description="Model to begin with.")
    preset: Annotated[str, AfterValidator(lambda name: one_of("preset", name, PRESETS[1:]))] | None = Field(
        None,
        json_schema_extra={"enum": list(PRESETS[1:])},
        description="`seconds`: a tiny model of few images; `fast`: a small one of all images, in few epochs.",
    )
    notes: str | None = None
    leave_out: Annotated[list[Key] | None, BeforeValidator(_listed)] = Field(
        None, max_length=5000, description="Keys of images that are not trained on, as `/label-errors` names them."
    )
    class_names: ClassNames = None


@dataclass
class TrainingForm:
    """The text of each field that was filled in, and what is wrong with it, in the reader's language."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, upload: Upload | None = None, dataset: str = "", epochs: int | None = None) -> "TrainingForm":
        """Return the form as it is first shown, filled in with what usually serves."""
        name = free_name(upload.name.split(".")[0] if upload else dataset)
        usual = suited(rows_of(upload)) if upload else {}
        given = {**usual, "epochs": str(epochs)} if epochs else usual
        sources = {"upload": upload.id if upload else "", "dataset": dataset}
        kind = kind_of(upload) if upload else image_kind(data.get_entry(dataset).normalizer) if dataset else "grey"
        return cls({"model": DEFAULTS[kind], **given, "name": name, **sources})

    @classmethod
    def sent(cls, given: Mapping[str, Any]) -> "TrainingForm":
        """Return what a form or JSON says; what is wrong with it is found at once.

        Raises:
            InvalidRequestError: A field that takes text or a number was given an object or a list.
        """
        told = {name: one for name, one in given.items() if one is not None}
        for name, one in told.items():
            if isinstance(one, dict | list) and name not in ("class_names", "leave_out"):
                wrong_form = other_form(name, one)
                raise InvalidRequestError(wrong_form.message, **wrong_form.values)
        texts = {name: json.dumps(one) if isinstance(one, dict | list) else str(one) for name, one in told.items()}
        values = {name: one.strip() for name, one in texts.items()}
        decimal = (name for name in (*NUMBERS, *RESOURCES) if name in values)
        values.update({name: values[name].replace(",", ".") for name in decimal})
        wrong = wrong_with(Training, values)
        return cls(values, {name: translated(sentence) for name, sentence in wrong.items()})

    def get(self, name: str) -> str:
        """Return the text of a field, empty if there is none."""
        return self.values.get(name, "")

    def is_changed(self, shown: "TrainingForm") -> bool:
        """Return whether a setting was given that the form did not show."""
        return any(self.get(name) != shown.get(name) for name in (*NUMBERS, "model", "base", "preset"))

    @property
    def sentence(self) -> str:
        """All that is wrong, in one sentence that names each field once."""
        told = ((name, words, re.search(rf"[“«]\s*{name}\b", words)) for name, words in self.errors.items())
        return "; ".join(words if is_named else f"{name}: {words}" for name, words, is_named in told)

    def request(self, source: Mapping[str, Any], title: str, rows: int = 0) -> RunRequest:
        """Return what is asked of a run on data from a source, ``RunRequest.data``, of so many rows if that is known.

        Raises:
            InvalidConfigurationError: The form holds something wrong.
        """
        if self.errors:
            raise InvalidConfigurationError(self.sentence)
        asked: dict[str, Any] = {"data": dict(source), "artifact": self.get("name") or free_name(title)}
        if self.get("leave_out"):
            asked["leave_out"] = _listed(self.values["leave_out"])
        preset = self.get("preset")
        plain = (*RESOURCES, *(("minutes", "notes") if preset else (*NUMBERS, "notes")))
        asked.update({name: self.values[name] for name in plain if name in self.values})
        if preset:
            asked["preset"] = preset
            asked.update(suited(rows) if preset == "seconds" and 0 < rows < FEW else {})
        elif self.get("base"):
            asked["base"] = self.values["base"]
        elif self.get("model"):
            chosen = choices()[self.values["model"]]
            asked.update(architecture=chosen.architecture.name, solver=chosen.solver)
        return RunRequest.parse(asked)


def trainable() -> list[Entry]:
    """Return the data sets of the catalog that can be trained on: they have images for training and for the test."""
    entries = [data.get_entry(name) for name in data.dataset_names()]
    return [entry for entry in entries if entry.train_examples and entry.test_examples]


def compatible_models(class_names: tuple[str, ...], normalizer: str = "") -> list[str]:
    """Return the models that can be trained further on such data: of the same classes, and preparation if given."""
    return [
        card.name
        for card in (artifact.card for artifact in artifacts.list_artifacts())
        if class_names in (card.class_names, card.original_class_names) and normalizer in ("", card.normalizer)
    ]


def suited(rows: int) -> dict[str, str]:
    """Return a batch size and epochs, the usual or fewer, that give a training on ``rows`` images enough steps."""
    if rows == 0:
        return {}
    batch = min(128, max(4, 1 << (rows // 8).bit_length() >> 1))
    usual = TrainingConfiguration().epochs
    epochs = min(MOST_EPOCHS_SUGGESTED, max(usual, -(-STEPS * batch // rows)))
    return {"batch_size": str(batch), "epochs": str(epochs)}


def kind_of(upload: Upload) -> ImageKind:
    """Return the kind of its images, grey if nobody has looked."""
    return image_kind(upload.inspection.dialect.normalizer) if upload.inspection else "grey"


def rows_of(upload: Upload) -> int:
    """Return how many images there are to train on, 0 if nobody has looked."""
    return upload.inspection.train.rows if upload.inspection else 0


def free_name(wish: str) -> str:
    """Return a name for a model, like ``wish``, that no model has yet."""
    fit = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in normalized(wish))
    fit = fit.strip("-_.")[:40] or "model"
    names = {plain(name) for name in artifacts.list_names()}
    numbered = (f"{fit}-{number}" for number in range(1, len(names) + 2))
    return next(name for name in numbered if plain(name) not in names)
