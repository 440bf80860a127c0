"""What five courses and projects asked for, with the check of each criterion and where it can be seen."""

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext

from rabisco.web.about import evidence
from rabisco.web.about.evidence import Check, Outcome


@dataclass(frozen=True)
class Criterion:
    """One thing that was asked for.

    Attributes:
        text: What, in the reader's language.
        pages: Addresses on this server that show it.
        files: Files of the repository that show it.
        check: Looks whether it is met.
    """

    text: LazyString
    pages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    check: Check = evidence.always

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
                check=evidence.accuracy("mnist-cnn", 0.95),
            ),
            Criterion(
                _("The code that trains it is in the repository."),
                files=("src/rabisco/recipes/table.py", "src/rabisco/training/train.py"),
            ),
            Criterion(
                _("The trained model is a file called pesos.h5."),
                ("/models/mnist-cnn",),
                ("src/rabisco/bundled/mnist-cnn/pesos.h5",),
                evidence.weights("mnist-cnn", "mnist-linear"),
            ),
            Criterion(
                _("A linear model does the same task; training time, accuracy and inference time are compared."),
                ("/compare?model=mnist-cnn&model=mnist-linear",),
                check=evidence.compared("mnist-cnn", "mnist-linear"),
            ),
            Criterion(
                _("A route in Flask takes a picture and answers its digit; each model has a route of its own."),
                ("/docs",),
                check=evidence.routes("POST /predict", "POST /predict/<model>"),
            ),
            Criterion(
                _("A page has a form to send a picture and shows the digit found."),
                ("/upload",),
                check=evidence.routes("GET /upload", "POST /upload"),
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
                check=evidence.trained("resnet18", pretrained=True),
            ),
            Criterion(
                _("SGD trains it; the learning rate falls after every period of epochs; validation is watched."),
                files=("src/rabisco/training/schedule.py",),
                check=evidence.trained("resnet18"),
            ),
            Criterion(
                _("More than 95 of 100 photographs are read correctly."),
                ("/models",),
                check=evidence.best_accuracy("cifar10", 0.95),
            ),
            Criterion(
                _("On port 3000, “POST /predict” takes several pictures as “file” and answers categories in order."),
                ("/docs",),
                check=evidence.routes("POST /predict"),
            ),
        ),
    ),
    Document(
        _("EMNIST: letters and digits, logistic regression, a container"),
        (
            Criterion(
                _("Multinomial logistic regression reads letters and digits, with random_state 25."),
                ("/models/emnist-linear",),
                check=evidence.logistic_regression("emnist-linear", 25),
            ),
            Criterion(
                _("Its ROC AUC is measured, and a confusion matrix shows sensible confusions."),
                ("/models/emnist-linear",),
                check=evidence.judged("emnist-linear"),
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
                check=evidence.routes("GET /", "POST /predict"),
            ),
            Criterion(_("Where no model has been trained yet, the page says how to train one."), ("/",)),
            Criterion(
                _("A page takes a CSV file to train on, one to test on and the epochs, and tells the accuracy."),
                ("/entrainer-le-modele",),
                check=evidence.routes("GET /entrainer-le-modele", "POST /training"),
            ),
            Criterion(
                _("The network has convolutions and pooling and is trained for 12 epochs, if not told otherwise."),
                ("/train",),
                ("src/rabisco/models/cnn.py",),
            ),
            Criterion(
                _("A page takes a question, sends it to “GET /model”, and shows what the assistant answers."),
                ("/assistance",),
                check=evidence.routes("GET /assistance", "GET /model"),
            ),
        ),
    ),
)
