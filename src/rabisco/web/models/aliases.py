"""Which models a request means: by name, by alias, or none, and the two that pages show."""

from collections.abc import Sequence

from rabisco.artifacts import ALIASES, exists, list_names, promoted
from rabisco.inference import named
from rabisco.settings import Settings


def resolve(name: str | None) -> str:
    """Return the artifact's name for what a request asked: an alias, a name, or nothing (the default)."""
    return named(name) if name else default_model()


def aliases_of(name: str) -> list[str]:
    """Return the aliases to which an artifact answers."""
    return [alias for alias in ALIASES if named(alias) == name]


def default_model(settings: Settings | None = None) -> str:
    """Return the promoted model, else that of the settings, else the first there is where that was never trained.

    Without settings, those of the current request's application count.
    """
    if settings is None:
        from flask import current_app

        settings = current_app.config["RABISCO"]
    chosen = promoted() or named(settings.default_model)
    return chosen if exists(chosen) else next(iter(list_names()), chosen)


def shown_models(asked: Sequence[str] = ()) -> list[str]:
    """Return the two models that the pages ask side by side: those that the reader chose, else default and linear."""
    if asked:
        return list(dict.fromkeys(map(resolve, asked)))[:2]
    names = list_names()
    wanted = dict.fromkeys((default_model(), named("linear"), *names))
    return [name for name in wanted if name in names][:2]
