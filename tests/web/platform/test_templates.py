"""Templates are compiled once and kept, as Python keeps modules."""

import re
import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from rabisco import web
from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.platform.application import CompiledTemplates


def rendered(folder: Path, source: str) -> str:
    return (
        Environment(loader=DictLoader({"a": source}), bytecode_cache=CompiledTemplates(str(folder)), autoescape=True)
        .get_template("a")
        .render()
    )


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is compiled from now on."""
    names: list[str] = []
    compile_ = Environment._compile
    monkeypatch.setattr(
        Environment, "_compile", lambda env, source, name: names.append(name) or compile_(env, source, name)
    )
    return names


def test_a_template_is_compiled_once_until_it_changes(tmp_path: Path, compiled: list[str]) -> None:
    assert [rendered(tmp_path / "new", "{{ 1 + 1 }}") for _ in range(3)] == ["2"] * 3
    assert len(compiled) == 1
    assert rendered(tmp_path / "new", "{{ 1 + 2 }}") == "3"
    assert len(compiled) == 2


def test_it_is_rendered_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    assert [rendered(folder, "{{ 1 + 1 }}") for folder in (file, file / "in", tmp_path / "no" / "parent")] == ["2"] * 3
    assert [*tmp_path.iterdir()] == [file]
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(tmp_path, "{{ 1 + 1 }}") == "2"
    assert [*tmp_path.iterdir()] == [file]


def test_another_application_compiles_no_page_again(compiled: list[str]) -> None:
    first, second = (create_app(Settings()).test_client() for _ in range(2))
    page = first.get("/train").text
    compiled.clear()
    assert len(second.get("/train").text) == len(page)
    assert compiled == []


def test_no_figure_of_a_template_is_written_once_for_all_languages() -> None:
    """Jinja filters what never changes as it compiles: in the language of whoever asks first."""
    folder = Path(web.__file__).parent / "templates"
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
    assert [name for name, source in sources.items() if re.search(r"\{\{-?\s*[\d.]+\s*\|", source)] == []
