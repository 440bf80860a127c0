"""Write the tables of README.md and docs/ from results/*.json: ``python -m benchmarks.tables [--check]``.

A table stands between ``<!-- table: name -->`` and ``<!-- end table -->``; what is between them is replaced by what
``table`` of the benchmark of that name makes of its result, or, for ``settings``, by the list of all settings, and for
``routes-reading`` by the routes of the group ``reading`` of the page *API*. In ``<!-- table: name in short -->`` it is
what ``table_in_short`` makes of it, where the benchmark has that. The page *Compare* shows some results too, and gets
copies that are installed with the package. A table that nobody has measured yet stays
empty. With ``--check`` nothing is written, and the exit status says whether everything is up to date.
"""

import importlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import RESULTS_DIR, ROOT, read
from rabisco.artifacts import BUNDLED_DIR
from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.platform.application import docs

PUBLISHED = ("compare", "robustness")  # results that the page *Compare* shows
_BLOCK = re.compile(
    r"(?P<begin><!-- table: (?P<name>[\w-]+)(?P<short> in short)? -->\n)(?P<text>.*?)(?P<end><!-- end table -->)",
    re.DOTALL,
)
_FOUND_HERE = {
    "home": "the user's data folder",
    "cache_dir": "the user's cache folder",
    "workers": "one for each processor, at most 4",
}


def table(name: str, *, in_short: bool = False) -> str:
    """Return the Markdown table called ``name``, whole or in short.

    Raises:
        ModuleNotFoundError: No benchmark has that name.
        FileNotFoundError: It has not been run.
    """
    if name == "settings":
        return settings_table()
    if name.startswith("routes-"):
        return routes_table(name.removeprefix("routes-"))
    result = read(name)
    benchmark = importlib.import_module(f"benchmarks.{name}")
    text: str = (benchmark.table_in_short if in_short else benchmark.table)(result)
    return f"{text.rstrip()}\n\n{_source(result)}"


def settings_table() -> str:
    """Return every setting with its default and meaning."""
    lines = ["| Variable | Default | Meaning |", "| :-- | :-- | :-- |"]
    for name, field in Settings.model_fields.items():
        default = _FOUND_HERE.get(name) or ("none" if field.default in (None, "") else f"`{field.default}`")
        lines.append(f"| `RABISCO_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines)


def routes_table(group: str) -> str:
    """Return the routes of a group of the page *API*, each with what it does."""
    with create_app().test_request_context():
        (chosen,) = (each for each in docs.GROUPS if each.name == group)
        rows = [f"| `{route.method} {route.path}` | {route.summary} |" for route in chosen.routes]
    return "\n".join(("| Route | What it does |", "| :-- | :-- |", *rows))


def render(text: str) -> str:
    """Return a document with each of its tables made anew."""

    def made_anew(found: re.Match[str]) -> str:
        is_benchmark = (Path(__file__).parent / f"{found['name']}.py").is_file()
        if not found["text"].strip() and is_benchmark and not (RESULTS_DIR / f"{found['name']}.json").is_file():
            return found[0]  # nobody has measured it yet
        return f"{found['begin']}\n{table(found['name'], in_short=bool(found['short']))}\n\n{found['end']}"

    return _BLOCK.sub(made_anew, text)


def stale() -> dict[Path, str]:
    """Return each document whose tables are not those of the results, and each copy, with the text it should have."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    rendered = {path: render(path.read_text(encoding="utf-8")) for path in documents}
    for name in PUBLISHED:
        rendered[BUNDLED_DIR / "results" / f"{name}.json"] = (RESULTS_DIR / f"{name}.json").read_text(encoding="utf-8")
    return {path: text for path, text in rendered.items() if text != path.read_text(encoding="utf-8")}


def update() -> None:
    """Bring the tables of every document up to date."""
    for path, text in stale().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: tables made anew")


def check() -> str | None:
    """Return what is to be done about stale documents, or nothing if there are none."""
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale())
    return f"stale tables in {names}; run: python -m benchmarks.tables" if names else None


def _source(result: Mapping[str, Any]) -> str:
    hardware = result["hardware"]
    when = f"commit {result['commit']}, {result['date'][:10]}"
    if len(pieces := result.get("pieces", {})) > 1:
        when = ", ".join(f"{one['n']:,} at commit {commit} ({one['date'][:10]})" for commit, one in pieces.items())
    return (
        f"*n = {result['n']:,}; {hardware['processor']}, {hardware['cores']} cores; {when}; "
        f"`python -m benchmarks {result['benchmark']}`*"
    )


if __name__ == "__main__":
    sys.exit(check()) if "--check" in sys.argv[1:] else update()
