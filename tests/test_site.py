"""The documentation as a site: built without a warning, complete, and with nothing from elsewhere."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmarks import ROOT

from rabisco.cli import rabisco
from rabisco.web.platform.application import ROUTES

pytestmark = [
    pytest.mark.skipif(find_spec("material") is None, reason="mkdocs-material is not installed"),
    pytest.mark.slow,
]
LOADED = re.compile(r"<(?:script|link|img|source|video|iframe)\b[^>]*?\b(?:src|href)=\"?(https?:[^\s\">]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def page(site: Path, name: str) -> str:
    return (site / name).read_text(encoding="utf-8")


def test_every_document_is_a_page_and_can_be_reached(site: Path) -> None:
    start = page(site, "index.html")
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert (site / name).is_file()
        assert f'href="{name}"' in start or name.startswith("decisions/") or name in ("index.html",), name


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    commands, routes, python = (page(site, f"reference/{name}.html") for name in ("commands", "routes", "python"))
    assert [name for name in rabisco.commands if f"rabisco {name}" not in commands] == []
    assert len(ROUTES) > 50
    assert [
        route.path for route in ROUTES.values() if route.path.replace("<", "&lt;").replace(">", "&gt;") not in routes
    ] == []
    for name in ("rabisco.data.load", "rabisco.models.create_model", "rabisco.training.train", "get_predictor"):
        assert name in python


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = {url for path in site.rglob("*.html") for url in LOADED.findall(path.read_text(encoding="utf-8"))}
    assert loaded == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"@import|url\(['\"]?https?:", styles) == []


def test_the_notebooks_can_be_had_from_it(site: Path) -> None:
    assert (site / "notebooks" / "reading-digits.ipynb").is_file()
