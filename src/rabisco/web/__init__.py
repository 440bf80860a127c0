"""The Flask application: pages and API over the one predictor, one blueprint per topic.

``create_app`` assembles it, ``server.serve`` runs it. A view reads the request, calls the library and answers; what
goes wrong is raised as a ``RabiscoError`` and becomes an answer in ``problems``, the only place that knows statuses.
"""

from flask import Flask

from rabisco.settings import Settings, get_settings
from rabisco.web import (
    about,
    access,
    assistant,
    charts,
    compare,
    compression,
    confusions,
    corrections,
    docs,
    drawn,
    formats,
    health,
    languages,
    limits,
    logs,
    metrics,
    models,
    navigation,
    problems,
    runs,
    security,
    theme,
    train,
    uploads,
    versions,
)
from rabisco.web.read import explain, pages, predict
from rabisco.web.routing import Application


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, ready for a WSGI server.

    Args:
        settings: Settings to obey; those of the environment if not given.
    """
    settings = settings or get_settings()
    app = Application(__name__)
    app.config["RABISCO"] = settings
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    for part in (
        logs,
        metrics,
        limits,
        languages,
        navigation,
        formats,
        charts,
        confusions,
        theme,
        security,
        access,
        problems,
        compression,
    ):
        part.init_app(app)
    for topic in (
        pages,
        train,
        drawn,
        uploads,
        runs,
        compare,
        assistant,
        predict,
        explain,
        models,
        versions,
        corrections,
        health,
        metrics,
        docs,
        about,
        access,
    ):
        app.register_blueprint(topic.blueprint)
    return app
