"""What five courses and projects asked for: where each criterion can be seen, and whether it is met on this server."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from flask_babel import LazyString, gettext, lazy_gettext

from rabisco import artifacts
from rabisco.artifacts import Card
from rabisco.artifacts.card import PRETRAINED
from rabisco.errors import RabiscoError
from rabisco.web.platform.formats import percent


@dataclass(frozen=True)
class Outcome:
    """Whether a criterion is met here and now, and the figure that says so, if there is one."""

    met: bool
    figure: str = ""


Check = Callable[[], Outcome]


def always() -> Outcome:
    """Say that it is met: what tests of the repository hold it to cannot be looked up on a server."""
    return Outcome(True)


def accuracy(name: str, least: float) -> Check:
    """Return a check that a model reads at least a fraction of its test images."""
    return lambda: _at_least(_card(name), least)


def best_accuracy(dataset: str, least: float) -> Check:
    """Return a check that the best model of a data set reads at least a fraction of its test images."""

    def check() -> Outcome:
        cards = [one.card for one in artifacts.list_artifacts() if one.card.dataset.name == dataset]
        return _at_least(max(cards, key=lambda card: card.metrics.get("test_accuracy", 0), default=None), least)

    return check


def weights(*names: str) -> Check:
    """Return a check that the weights of models lie on this server as ``pesos.h5``."""

    def check() -> Outcome:
        found = [artifacts.load_artifact(name).weights_path for name in names if _card(name)]
        return Outcome(len(found) == len(names) and all(path.is_file() for path in found))

    return check


def compared(*names: str) -> Check:
    """Return a check that models have a training time and an accuracy; times are measured by ``rabisco compare``."""

    def check() -> Outcome:
        cards = [card for name in names if (card := _card(name))]
        figures = [f"{card.name} {percent(card.metrics.get('test_accuracy', 0), 2)}" for card in cards]
        return Outcome(len(cards) == len(names) and all(card.training_seconds for card in cards), ", ".join(figures))

    return check


def logistic_regression(name: str, seed: int) -> Check:
    """Return a check that scikit-learn's logistic regression found a model's weights, with a seed."""

    def check() -> Outcome:
        card = _card(name)
        told = card.configuration if card else {}
        return Outcome((told.get("solver"), told.get("seed")) == ("logistic-regression", seed), f"random_state={seed}")

    return check


def trained(architecture: str, *, pretrained: bool = False) -> Check:
    """Return a check that a model of an architecture was trained, from published weights or any; with its accuracy."""

    def check() -> Outcome:
        cards = [
            card
            for card in (artifact.card for artifact in artifacts.list_artifacts())
            if card.architecture == architecture
            and (not pretrained or any(one.message == PRETRAINED for one in artifacts.said_of(card)))
        ]
        if not cards:
            return Outcome(False, gettext("There is no such model"))
        return Outcome(True, f"{cards[0].name} {percent(cards[0].metrics.get('test_accuracy', 0), 2)}")

    return check


def judged(name: str) -> Check:
    """Return a check that a model has a ROC AUC and a confusion matrix."""

    def check() -> Outcome:
        card = _card(name)
        area = card.metrics.get("test_roc_auc") if card else None
        return Outcome(bool(card and area and card.confusions), f"ROC AUC {area:.5f}" if area else "")

    return check


def routes(*rules: str) -> Check:
    """Return a check that the server has routes, written as ``POST /predict``."""

    def check() -> Outcome:
        known = {f"{method} {rule.rule}" for rule in current_app.url_map.iter_rules() for method in rule.methods or ()}
        return Outcome(set(rules) <= known)

    return check


def _card(name: str) -> Card | None:
    try:
        return artifacts.load_artifact(name).card
    except RabiscoError:
        return None


def _at_least(card: Card | None, least: float) -> Outcome:
    if card is None:
        return Outcome(False, gettext("There is no such model"))
    reached = card.metrics.get("test_accuracy", 0)
    return Outcome(reached >= least, percent(reached, 2))


@dataclass(frozen=True)
class Criterion:
    """One thing that was asked for, pages of this server and files of the repository that show it, and a check."""

    text: LazyString
    pages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    check: Check = always

    @property
    def outcome(self) -> Outcome:
        """Whether it is met, looked up now."""
        return self.check()


@dataclass(frozen=True)
class Document:
    """One of the five, and what it asked for."""

    title: LazyString
    criteria: tuple[Criterion, ...]


_: Callable[[str], LazyString] = lazy_gettext

DOCUMENTS = (
    Document(
        _("MNIST: a convolutional network beside a linear model"),
        (
            Criterion(
                _("A convolutional network reads at least 95 of 100 test digits."),
                ("/models/mnist-cnn",),
                check=accuracy("mnist-cnn", 0.95),
            ),
            Criterion(
                _("The code that trains it is in the repository."),
                files=("src/rabisco/recipes/table.py", "src/rabisco/training/train.py"),
            ),
            Criterion(
                _("The trained model is a file called pesos.h5."),
                ("/models/mnist-cnn",),
                ("src/rabisco/bundled/mnist-cnn/pesos.h5",),
                weights("mnist-cnn", "mnist-linear"),
            ),
            Criterion(
                _("A linear model does the same task; training time, accuracy and inference time are compared."),
                ("/compare?model=mnist-cnn&model=mnist-linear",),
                check=compared("mnist-cnn", "mnist-linear"),
            ),
            Criterion(
                _("A route in Flask takes a picture and answers its digit; each model has a route of its own."),
                ("/docs",),
                check=routes("POST /predict", "POST /predict/<model>"),
            ),
            Criterion(
                _("A page has a form to send a picture and shows the digit found."),
                ("/upload",),
                check=routes("GET /upload", "POST /upload"),
            ),
            Criterion(_("It is documented what each route does."), ("/docs",), ("docs/routes.md",)),
            Criterion(
                _("The README says how to install and run it, in blocks of code, and shows a recorded video."),
                files=("README.md", "docs/video/rabisco.webm"),
            ),
        ),
    ),
    Document(
        _("CIFAR-10: photographs, ResNet-18"),
        (
            Criterion(
                _("The data are organized by class and split into training, validation and test images."),
                ("/train?dataset=cifar10",),
                ("src/rabisco/data/cifar.py",),
            ),
            Criterion(
                _("Training images are resized, cropped at random, mirrored and normalized."),
                files=("src/rabisco/training/photos.py",),
            ),
            Criterion(
                _("ResNet-18 begins with weights from ImageNet and gets a new last layer of ten classes."),
                files=("src/rabisco/models/resnet.py",),
                check=trained("resnet18", pretrained=True),
            ),
            Criterion(
                _("SGD trains it; the learning rate falls after every period of epochs; validation is watched."),
                files=("src/rabisco/training/schedule.py",),
                check=trained("resnet18"),
            ),
            Criterion(
                _("More than 95 of 100 photographs are read correctly."),
                ("/models",),
                check=best_accuracy("cifar10", 0.95),
            ),
            Criterion(
                _("On port 3000, “POST /predict” takes several pictures as “file” and answers categories in order."),
                ("/docs",),
                check=routes("POST /predict"),
            ),
        ),
    ),
    Document(
        _("EMNIST: letters and digits, logistic regression, a container"),
        (
            Criterion(
                _("Multinomial logistic regression reads letters and digits, with random_state 25."),
                ("/models/emnist-linear",),
                check=logistic_regression("emnist-linear", 25),
            ),
            Criterion(
                _("Its ROC AUC is measured, and a confusion matrix shows sensible confusions."),
                ("/models/emnist-linear",),
                check=judged("emnist-linear"),
            ),
            Criterion(
                _("It is a service in a Docker container, with commands to build and run it."),
                files=("Dockerfile", "compose.yaml", "docs/docker.md"),
            ),
        ),
    ),
    Document(
        _("A notebook that explains: Keras on TensorFlow"),
        (
            Criterion(
                _("A notebook explains the problem, the solution and the theory where it is used."),
                files=("notebooks/reading-digits.ipynb", "notebooks/leer-digitos.ipynb"),
            ),
            Criterion(
                _("The input becomes a matrix; the model is drawn; data and answers are shown."),
                files=("notebooks/reading-digits.ipynb",),
            ),
            Criterion(_("The data set is linked, not included."), files=("notebooks/reading-digits.ipynb",)),
            Criterion(
                _("The trained model runs in Streamlit and on a page of its own."),
                ("/",),
                ("src/rabisco/studio/app.py",),
            ),
        ),
    ),
    Document(
        _("Draw, train from the page, ask the assistant"),
        (
            Criterion(
                _("A page to draw a digit; the drawing goes as base64 to “POST /predict”, which answers."),
                ("/",),
                check=routes("GET /", "POST /predict"),
            ),
            Criterion(_("Where no model has been trained yet, the page says how to train one."), ("/",)),
            Criterion(
                _("A page takes a CSV file to train on, one to test on and the epochs, and tells the accuracy."),
                ("/entrainer-le-modele",),
                check=routes("GET /entrainer-le-modele", "POST /training"),
            ),
            Criterion(
                _("The network has convolutions and pooling and is trained for 12 epochs, if not told otherwise."),
                ("/train",),
                ("src/rabisco/models/cnn.py",),
            ),
            Criterion(
                _("A page takes a question, sends it to “GET /model”, and shows what the assistant answers."),
                ("/assistance",),
                check=routes("GET /assistance", "GET /model"),
            ),
        ),
    ),
)
