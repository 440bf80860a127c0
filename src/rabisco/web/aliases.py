"""Second names, each in one table: short ones of models, and the addresses under which others know our pages."""

from collections.abc import Sequence

from flask import Flask, current_app

from rabisco.artifacts import exists, list_names, promoted
from rabisco.settings import Settings

MODEL_ALIASES = {"cnn": "mnist-cnn", "linear": "mnist-linear"}
# Pages only; any artifact's own name works beside the names above.
ADDRESS_ALIASES = {"/entrainer-le-modele": "/train", "/assistance": "/assistant"}


def init_app(app: Flask) -> None:
    """Answer each second address as the first; comes after the blueprints."""
    endpoints = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    for alias, address in ADDRESS_ALIASES.items():
        endpoint = endpoints[address]
        app.add_url_rule(alias, endpoint, app.view_functions[endpoint], methods=["GET"])


def resolve(name: str | None) -> str:
    """Return the artifact's name for what a request asked: an alias, a name, or nothing (the default)."""
    return MODEL_ALIASES.get(name, name) if name else default_model()


def default_model() -> str:
    """Return the promoted model, else that of the settings, else the first there is where that was never trained."""
    settings: Settings = current_app.config["RABISCO"]
    chosen = promoted() or MODEL_ALIASES.get(settings.default_model, settings.default_model)
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
