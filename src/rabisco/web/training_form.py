"""The form of a training: what may be filled in, what is wrong with it in words, and the request that comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import LazyString, gettext, lazy_gettext

from rabisco import artifacts, data
from rabisco.artifacts import Card
from rabisco.data import Entry
from rabisco.errors import InvalidConfigurationError, RabiscoError
from rabisco.intake import Inspection
from rabisco.runs import RunRequest
from rabisco.uploads import Upload

# What may be trained: its name here, in words, and what is asked of a run.
MODELS: dict[str, tuple[LazyString, dict[str, str]]] = {
    "cnn": (lazy_gettext("Neural network: the best, and the slowest"), {"architecture": "cnn"}),
    "cnn-tiny": (lazy_gettext("Tiny neural network: nearly as good, much faster"), {"architecture": "cnn-tiny"}),
    "linear": (lazy_gettext("Linear model: very fast, makes more mistakes"), {"architecture": "linear"}),
    "logistic-regression": (
        lazy_gettext("Logistic regression: a linear model, found by scikit-learn"),
        {"architecture": "linear", "solver": "logistic-regression"},
    ),
}
AUGMENTATIONS: dict[str, LazyString] = {
    "": lazy_gettext("as suits the model"),
    "1": lazy_gettext("usual"),
    "0.5": lazy_gettext("gentle"),
    "0": lazy_gettext("off"),
}
FORM_WORDS = {"training_models": MODELS, "augmentations": AUGMENTATIONS}  # for the templates
DEFAULTS = {"model": "cnn", "epochs": "12", "batch_size": "128", "learning_rate": "0.003"}
FIELDS = (*DEFAULTS, "augmentation", "minutes", "base", "name", "preset", "upload", "dataset", "recipe", "notes")
PRESETS = ("", "seconds")
STEPS = 400  # that a training should have, where the images are few
MOST_EPOCHS_SUGGESTED = 60
FEW = 1000  # images, of which even the quick try needs more than a few steps
GREY = 1  # channels; images are changed at random only where they are grey characters


@dataclass
class TrainingForm:
    """What was filled in, and what is wrong with it.

    Attributes:
        values: Text of each field; what nobody filled in is missing.
        errors: What is wrong, by field, in the reader's language.
    """

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, upload: Upload | None = None, dataset: str = "") -> "TrainingForm":
        """Return the form as it is first shown, filled in with what usually serves."""
        name = free_name(upload.name.split(".")[0] if upload else dataset)
        given = suited(_rows_of(upload)) if upload else {}
        return cls({**DEFAULTS, **given, "name": name, "upload": upload.id if upload else "", "dataset": dataset})

    @classmethod
    def sent(cls, given: Mapping[str, Any]) -> "TrainingForm":
        """Return what a form or JSON says; what is wrong with it is found at once."""
        values = {name: str(given[name]).strip() for name in FIELDS if given.get(name) not in (None, "")}
        form = cls(values)
        form._check()
        return form

    def get(self, name: str) -> str:
        """Return the text of a field, empty if there is none."""
        return self.values.get(name, "")

    @property
    def sentence(self) -> str:
        """All that is wrong, in one sentence."""
        return "; ".join(f"{name}: {words}" for name, words in self.errors.items())

    def request(self, source: Mapping[str, Any], channels: int, title: str, rows: int = 0) -> RunRequest:
        """Return what is asked of a run.

        Args:
            source: Where the images come from, as ``RunRequest.data`` holds it.
            channels: Of the images.
            title: What the data are called.
            rows: How many images there are, if that is known.

        Raises:
            InvalidConfigurationError: The form holds something wrong.
        """
        if self.errors:
            raise InvalidConfigurationError(self.sentence)
        asked: dict[str, Any] = {"data": dict(source), "artifact": self.get("name") or free_name(title)}
        quick = self.get("preset") == "seconds"
        plain = ("minutes", "notes") if quick else ("epochs", "batch_size", "learning_rate", "minutes", "notes")
        asked.update({name: self.values[name] for name in plain if name in self.values})
        if quick:
            asked["preset"] = "seconds"
            asked.update(suited(rows) if 0 < rows < FEW else {})
        elif self.get("base"):
            asked["base"] = self.values["base"]
        elif self.get("model"):
            asked.update(MODELS[self.values["model"]][1])
        augmentation = self._augmentation(channels, quick)
        if augmentation is not None:
            asked["augmentation"] = augmentation
        return RunRequest.parse(asked)

    def _augmentation(self, channels: int, quick: bool) -> str | None:
        """Return its strength; nothing where the usual one of the model or the recipe serves."""
        if channels > GREY or quick:
            return "0"
        if "augmentation" in self.values:
            return self.values["augmentation"]
        return "0" if self.get("model") in ("linear", "logistic-regression") else None  # they learn only less from it

    def _check(self) -> None:
        one_of = gettext("choose one of: %(names)s")
        if self.get("model") and self.values["model"] not in MODELS:
            self.errors["model"] = one_of % {"names": ", ".join(MODELS)}
        if self.get("preset") not in PRESETS:
            self.errors["preset"] = one_of % {"names": "seconds"}
        self._check_number("epochs", int, 1, 10_000)
        self._check_number("batch_size", int, 1, 65_536)
        self._check_number("learning_rate", float, 1e-9, 100)
        self._check_number("augmentation", float, 0, 2)
        self._check_number("minutes", float, 0.01, 100_000)
        if self.get("name"):
            try:
                artifacts.check_name(self.values["name"])
            except InvalidConfigurationError:
                self.errors["name"] = gettext(
                    "a model's name has 1 to 60 letters, digits, “-”, “_” or “.”, and begins with a letter or digit"
                )
            else:
                if self.values["name"] in _bundled_names():
                    self.errors["name"] = gettext("a model that came with Rabisco has this name; choose another")
        if self.get("base") and not artifacts.exists(self.values["base"]):
            self.errors["base"] = gettext("there is no such model")

    def _check_number(self, name: str, kind: Callable[[str], float], low: float, high: float) -> None:
        if name not in self.values:
            return
        text = self.values[name] = self.values[name].replace(",", ".")
        try:
            fits = low <= kind(text) <= high
        except ValueError:
            fits = False
        if not fits:
            what = gettext("a whole number") if kind is int else gettext("a number")
            words = gettext("%(what)s from %(low)s to %(high)s was expected, received “%(text)s”")
            self.errors[name] = words % {"what": what, "low": f"{low:,g}", "high": f"{high:,.0f}", "text": text[:40]}


def trainable() -> list[Entry]:
    """Return the data sets of the catalog that can be trained on: they have images for training and for the test."""
    entries = [data.get_entry(name) for name in data.dataset_names()]
    return [entry for entry in entries if entry.train_examples and entry.test_examples]


def compatible_models(inspection: Inspection) -> list[str]:
    """Return the models that can be trained further on such data: of the same classes and preparation."""
    return [
        card.name
        for card in _cards()
        if tuple(card.class_names) == inspection.class_names and card.normalizer == inspection.dialect.normalizer
    ]


def compatible_with_entry(entry: Entry) -> list[str]:
    """Return the models that can be trained further on a data set of the catalog."""
    return [card.name for card in _cards() if tuple(card.class_names) == tuple(entry.class_names)]


def suited(rows: int) -> dict[str, str]:
    """Return batch size and epochs with which so many images, the usual or fewer, give a training enough steps."""
    if rows == 0:
        return {}
    batch = min(128, max(4, 1 << (rows // 8).bit_length() >> 1))
    epochs = min(MOST_EPOCHS_SUGGESTED, max(int(DEFAULTS["epochs"]), -(-STEPS * batch // rows)))
    return {"batch_size": str(batch), "epochs": str(epochs)}


def _rows_of(upload: Upload) -> int:
    """Return how many images there are to train on, 0 if nobody has looked."""
    return upload.inspection.train.rows if upload.inspection else 0


def free_name(wish: str) -> str:
    """Return a name for a model, like ``wish``, that no model has yet."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in wish).strip("-_.")[:40]
    plain = plain or "model"
    names = set(artifacts.list_names())
    numbered = (f"{plain}-{number}" for number in range(1, len(names) + 2))
    return next(name for name in numbered if name not in names)


def _bundled_names() -> set[str]:
    return {folder.name for folder in artifacts.BUNDLED_DIR.iterdir()} if artifacts.BUNDLED_DIR.is_dir() else set()


def _cards() -> list[Card]:
    cards = []
    for name in artifacts.list_names():
        try:
            cards.append(artifacts.load_artifact(name).card)
        except RabiscoError:
            continue  # damaged; its own page says so
    return cards
