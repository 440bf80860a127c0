"""The whole application: every topic's blueprint, and what all of them stand on."""

import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from rabisco.settings import Settings, get_settings
from rabisco.web import about, assistant
from rabisco.web.corrections import pages as corrections
from rabisco.web.models import compare, images, versions
from rabisco.web.models import pages as models
from rabisco.web.platform import (
    access,
    allowance,
    compression,
    docs,
    fields,
    formats,
    languages,
    layout,
    limits,
    logs,
    metrics,
    monitoring,
    origins,
    outages,
    problems,
    security,
)
from rabisco.web.platform.routing import ROUTES, Application
from rabisco.web.read import explain, pages, predict
from rabisco.web.read.direct import Direct
from rabisco.web.train import datasets, drawn, label_errors, runs, sweeps, uploads
from rabisco.web.train import pages as train

__all__ = ["ROUTES", "create_app", "docs"]  # the routes are all declared once this module is loaded


class CompiledTemplates(FileSystemBytecodeCache):
    """Keeps templates compiled where Python keeps the modules beside them, unless it may not write there.

    To compile them is most of what the first page of a kind takes otherwise, the libraries once imported.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a template, if it was kept and has not changed."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(exist_ok=True)
                super().dump_bytecode(bucket)


def create_app(settings: Settings | None = None) -> Application:
    """Return the application, ready for a WSGI server.

    Args:
        settings: Settings to obey; those of the environment if not given.
    """
    settings = settings or get_settings()
    app = Application("rabisco.web")
    app.config["RABISCO"] = settings
    app.url_map.strict_slashes = False  # /docs/ is /docs
    app.url_map.redirect_defaults = False
    app.add_url_rule("/favicon.ico", "static", defaults={"filename": "img/logo.svg"})  # for whoever shows a link
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    app.jinja_options["bytecode_cache"] = CompiledTemplates(str(Path(app.root_path, "__pycache__")))
    # Hooks before a request run in this order, those after it in the reverse.
    shown = (logs, metrics, limits, languages, layout, formats, security, outages)
    guarding = (access, allowance, problems, compression, origins, fields)
    for part in (*shown, *guarding):
        part.init_app(app)
    reading, training = (pages, predict, explain), (train, datasets, drawn, label_errors, uploads, runs, sweeps)
    comparing, server = (models, images, versions, compare), (docs, monitoring, access)
    for topic in (*reading, *training, *comparing, *server, corrections, assistant, about):
        app.register_blueprint(topic.blueprint)
    app.direct = Direct(settings, app.extensions["rabisco-metrics"])
    app.direct.has_application = True
    return app
