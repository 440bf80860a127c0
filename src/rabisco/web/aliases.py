"""Short names of models, in one table; any artifact's own name works beside them."""

from collections.abc import Sequence

from flask import current_app

from rabisco.artifacts import exists, list_names, promoted
from rabisco.settings import Settings

MODEL_ALIASES = {"cnn": "mnist-cnn", "linear": "mnist-linear"}


def resolve(name: str | None) -> str:
    """Return the artifact's name for what a request asked: an alias, a name, or nothing (the default)."""
    return MODEL_ALIASES.get(name, name) if name else default_model()


def default_model() -> str:
    """Return the promoted model, else that of the settings, else the first there is where that was never trained."""
    settings: Settings = current_app.config["RABISCO"]
    chosen = promoted() or settings.default_model
    return chosen if exists(chosen) else next(iter(list_names()), chosen)


def shown_models(asked: Sequence[str] = ()) -> list[str]:
    """Return the two models that the pages ask side by side.

    Args:
        asked: Those that the reader chose; without, the default and the linear one, as far as they are there.
    """
    if asked:
        return list(dict.fromkeys(map(resolve, asked)))[:2]
    names = list_names()
    wanted = dict.fromkeys((default_model(), MODEL_ALIASES["linear"], *names))
    return [name for name in wanted if name in names][:2]
