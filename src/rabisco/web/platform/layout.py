"""What stands around every page: the sections, its own address in another language, and whether it is light or dark.

A page is sent in the theme that its reader chose, so nothing flashes and it works without JavaScript.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, Response, request, url_for
from flask_babel import LazyString, lazy_gettext
from markupsafe import Markup

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
THEME_SECONDS = 365 * 24 * 3600
_STATIC = Path(__file__).parents[1] / "static"
_IMPORT = re.compile(r'^(?:import|\}) ?.*"(\.[^"]+)";$', re.MULTILINE)
# Parameters that mean the same page in another language or theme; a form may have sent them in its body.
KEPT = (
    *("from", "model", "version", "characters", "among", "kind", "question", "dataset", "state", "classes", "each"),
    *("name", "page", "beside", "category", "read_as", "low", "high", "which", "damage", "upload"),
)


@dataclass(frozen=True)
class Section:
    """One entry of the main navigation.

    Attributes:
        endpoint: Where it leads.
        icon: Name of its picture in ``_icon.html``.
        label: Its name, in the reader's language.
        within: Further endpoints that belong to it.
    """

    endpoint: str
    icon: str
    label: LazyString
    within: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether the reader is in this section now."""
        return request.endpoint in (self.endpoint, *self.within)


SECTIONS = (
    Section("pages.draw_page", "draw", lazy_gettext("Draw"), ("pages.projector_page",)),
    Section("pages.upload_page", "upload", lazy_gettext("Upload"), ("pages.show_uploaded",)),
    Section(
        "train.train_page",
        "train",
        lazy_gettext("Train"),
        (
            "train.start_training",
            "datasets.list_datasets",
            "drawn.draw_dataset_page",
            "label_errors.get_label_errors",
            "uploads.get_upload",
            "runs.list_runs",
            "runs.get_run",
            "sweeps.list_sweeps",
            "sweeps.get_sweep",
        ),
    ),
    Section("models.list_models", "models", lazy_gettext("Models"), ("models.get_model",)),
    Section("compare.compare_models", "compare", lazy_gettext("Compare")),
    Section("docs.index", "code", lazy_gettext("API")),
)


def init_app(app: Flask) -> None:
    """Give the templates the sections, this page's address and theme; let ``?theme=dark`` choose and be remembered."""
    app.after_request(_remember_theme)
    app.context_processor(lambda: {"sections": SECTIONS, "theme": _theme()})
    app.add_template_global(here)
    app.add_template_global(kept)
    app.add_template_global(script)


def kept() -> list[tuple[str, str]]:
    """Return the parameters of this request that must survive a change of language or theme, in order."""
    given = request.form if request.method == "POST" else request.args
    return [(name, value) for name in KEPT for value in given.getlist(name)]


def here(**changes: str) -> str:
    """Return the query with which this page is asked for again, changed: ``?model=linear&lang=fr``."""
    return f"?{urlencode([*kept(), *changes.items()])}"


def script(page: str) -> Markup:
    """Return the element that runs the script of a page, and one for each module that it imports.

    So the browser asks for all of them at once, and not for each when it has read the one that names it.
    """
    own, *imported = _modules(f"js/pages/{page}.js")
    folder = url_for("static", filename=own).removesuffix(own)
    link = Markup('<link rel="modulepreload" href="{}">')
    element = Markup('<script type="module" src="{}"></script>').format(folder + own)
    return element + Markup("").join(link.format(folder + name) for name in imported)


@cache
def _modules(name: str) -> tuple[str, ...]:
    """Return a script's path in the static folder, and those of all modules that it imports, each once."""
    found = [name]
    for module in found:
        path = _STATIC / module
        for beside in _IMPORT.findall(path.read_text("utf-8")):
            imported = (path.parent / beside).resolve().relative_to(_STATIC.resolve()).as_posix()
            if imported not in found:
                found.append(imported)
    return tuple(found)


def _theme() -> str:
    """Return ``light`` or ``dark`` if the reader chose one, else an empty string: as their system says."""
    asked = request.args.get("theme"), request.cookies.get(THEME_COOKIE)
    return next((theme for theme in asked if theme in THEMES), "")


def _remember_theme(response: Response) -> Response:
    if request.args.get("theme") in THEMES:
        response.set_cookie(THEME_COOKIE, request.args["theme"], max_age=THEME_SECONDS, samesite="Lax")
    return response
