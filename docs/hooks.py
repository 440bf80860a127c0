"""What MkDocs is told besides the pages: those made from code or from files at the root, and the order of all."""

import importlib
import inspect
import os
import re
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
AT_ROOT = {"README.md": "start.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
ORDER: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "start.md"),
    "How to": (
        "your-data.md",
        "training.md",
        "photographs.md",
        "api.md",
        "docker.md",
        "scale.md",
        "gpu.md",
        "assistant.md",
    ),
    "Reference": (
        "commands.md",
        "reference/commands.md",
        "settings.md",
        "routes.md",
        "reference/routes.md",
        "reference/python.md",
        "artifacts.md",
        "runs.md",
    ),
    "Explanation": ("questions.md", "architecture.md", "extending.md", "measurements.md", "glossary.md"),
    "Decisions": (),
    "Project": ("changelog.md", "contributing.md", "license.md"),
}
# The modules that programs and notebooks import; what each lists in ``__all__``, else its public names.
MODULES = (
    "rabisco.data",
    "rabisco.images",
    "rabisco.models",
    "rabisco.training",
    "rabisco.evaluation",
    "rabisco.artifacts",
    "rabisco.inference",
    "rabisco.explanation",
    "rabisco.runs",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and put all into sections."""
    made = {
        **{page: (ROOT / name).read_text(encoding="utf-8") for name, page in AT_ROOT.items()},
        "license.md": "# Licence\n\n" + (ROOT / "LICENSE").read_text(encoding="utf-8"),
        "reference/commands.md": commands(),
        "reference/routes.md": routes(),
        "reference/python.md": "# Python\n\n" + "\n\n".join(module(name) for name in MODULES),
    }
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{notebook.name}", abs_src_path=str(notebook)))
    logo = ROOT / "src" / "rabisco" / "web" / "static" / "img" / "logo.svg"
    files.append(File.generated(config, "pictures/logo.svg", abs_src_path=str(logo)))
    config.nav = navigation([file.src_uri for file in files.documentation_pages()])
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links lead within the site where they led through the repository."""
    name = page.file.src_uri
    here = {made: ROOT / root for root, made in AT_ROOT.items()}.get(name, ROOT / "docs" / name).parent

    def within(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(here / link["path"]))
        inside = ROOT / "docs" in target.parents
        way = AT_ROOT.get(target.name) if target.parent == ROOT else None
        if target == ROOT / "LICENSE":
            way = "license.md"
        if inside:
            way = str(target.relative_to(ROOT / "docs"))
        elif target.parent == ROOT / "notebooks":
            way = f"notebooks/{target.name}"
        return f"]({os.path.relpath(way, Path(name).parent)}{link['rest']})" if way else link[0]

    return re.sub(r"\]\((?!https?:|mailto:|#|<)(?P<path>[^)#\s]+)(?P<rest>[^)]*)\)", within, markdown)


def navigation(pages: list[str]) -> list[dict[str, list[str]]]:
    """Return every page under its section; those that none names are decisions, translations and explanations."""
    named = {page for section in ORDER.values() for page in section}
    rest = sorted(set(pages) - named)
    where = {
        "Decisions": [page for page in rest if page.startswith("decisions/")],
        "Start": [page for page in rest if page.startswith("readme/")],
    }
    placed = {page for found in where.values() for page in found}
    where["Explanation"] = [page for page in rest if page not in placed]
    sections = {
        section: [page for page in listed if page in pages] + where.get(section, [])
        for section, listed in ORDER.items()
    }
    return [{section: found} for section, found in sections.items() if found]


def commands() -> str:
    """Return the help of every command, as it prints it."""
    from rabisco.cli import rabisco

    def told(command: click.Command, name: str, parent: click.Context | None = None) -> list[str]:
        context = click.Context(command, info_name=name, parent=parent, max_content_width=100, terminal_width=100)
        said = [f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```"]
        inner = command.commands if isinstance(command, click.Group) else {}
        return said + [part for one in sorted(inner) for part in told(inner[one], one, context)]

    return "\n\n".join(["# Every command and option", *told(rabisco, "rabisco")])


def routes() -> str:
    """Return the table of routes that the API page and the OpenAPI document are made from."""
    from rabisco.web.platform.application import ROUTES

    rows = [f"| `{route.method}` | `{route.path}` | {route.summary} |" for route in ROUTES.values()]
    return "\n".join(["# Every route", "", "| | | |", "| :-- | :-- | :-- |", *rows])


def module(name: str) -> str:
    """Return the public names of a module with their signatures and docstrings."""
    found = importlib.import_module(name)
    names = getattr(found, "__all__", None) or [
        each for each, value in vars(found).items() if getattr(value, "__module__", "") == name and each[0].isalpha()
    ]
    parts = [f"## `{name}`\n\n{described(found)}"]
    for each in names:
        value = getattr(found, each)
        if inspect.isfunction(value) or inspect.isclass(value):
            parts.append(f"### `{name}.{each}`\n\n```python\n{signature(each, value)}\n```\n\n{described(value)}")
    return "\n\n".join(parts)


def signature(name: str, value: Any) -> str:
    try:
        return f"{name}{inspect.signature(value)}"
    except (TypeError, ValueError):
        return name


def described(value: Any) -> str:
    """Return a docstring as Markdown: its lists of arguments as lists."""
    text = (inspect.getdoc(value) or "").replace("``", "`")
    text = re.sub(r"^(Args|Attributes|Raises|Returns):\n", r"\n**\1**\n\n", text, flags=re.MULTILINE)
    text = re.sub(r"^ {4}(\*{0,2}\w+): +", r"- `\1`: ", text, flags=re.MULTILINE)
    return re.sub(r"^ {4,}(?=\S)", "  ", text, flags=re.MULTILINE)
