"""The one file that knows which library computes beneath Keras."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from rabisco.errors import N_, MissingExtraError
from rabisco.heap import keep_for_training
from rabisco.settings import settle_libraries, without_collection

_EXTRAS = ("matplotlib", "pandas", "sklearn")  # for its own plots, tables and wrappers


def start_keras() -> None:
    """Import Keras, on TensorFlow unless ``KERAS_BACKEND`` says otherwise, without the chatter of its start.

    Raises:
        MissingExtraError: Keras or its backend is not installed.
    """
    if "keras" in sys.modules:
        return
    settle_libraries()
    keep_for_training()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _quiet_start(), _without_extras(), without_collection():
            import keras

            keras.backend.backend()
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            N_(
                "training needs %(name)s, which is not installed; in a checkout run: make setup (elsewhere: pip "
                "install 'rabisco[train]')"
            ),
            name=error.name,
        ) from error


def device() -> str:
    """Return what Keras computes on, such as ``cpu:0`` or ``gpu:0``."""
    import keras

    if keras.backend.backend() == "torch":  # where Keras lists none
        import torch

        return "gpu:0" if torch.cuda.is_available() else "cpu:0"
    return str(keras.distribution.list_devices()[0])


@contextmanager
def _without_extras() -> Iterator[None]:
    """Let Keras not import what it takes where it is there and no training asks it for: two fifths of its time."""
    absent = [name for name in _EXTRAS if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment] # whoever imports it meanwhile gets an ImportError
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Hold back what compiled code writes to standard error; show it only if the import fails."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
