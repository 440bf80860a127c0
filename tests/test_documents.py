"""Every block of code in README.md, CONTRIBUTING.md and docs/ is run, and every table is the one its result makes."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from benchmarks import ROOT, tables
from benchmarks.__main__ import names as benchmark_names
from click.testing import CliRunner
from PIL import Image
from tests import forking
from tests.web.serving import Server, draw_seven
from tests.web.training import digits_csv

from rabisco.cli import rabisco
from rabisco.recipes import recipe_names
from rabisco.settings import Settings, get_settings
from rabisco.web import create_app

DOCUMENTS = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:3000"
SHELL = {"bash", "console", "sh"}
NOT_CODE = {"caddyfile", "nginx", "json", "text", "http", "toml", "html"}
EXAMPLES = ROOT / "src" / "rabisco" / "web" / "static" / "examples"
# Warnings are errors but for the two that Keras causes, as in pyproject.toml.
STRICT = (
    "-W",
    "error",
    "-W",
    "ignore:__array__ implementation:DeprecationWarning",
    "-W",
    "ignore:In the future:FutureWarning",
)
STRICT_WHERE_FORKED = """
import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
warnings.filterwarnings("ignore", "In the future", FutureWarning)
"""
# What a reader types and a test must not: each changes the machine or leads to the network.
NOT_RUN = ("git clone ", "cd ", "pip install ", "python3 -m venv ", "source ")
# These train, serve for ever or need downloaded data: their options are checked, no more.
ONLY_PARSED = ("train", "serve", "studio", "evaluate", "compare", "data")


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    path: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks() -> Iterator[Block]:
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(path, line, found["language"], found["code"])


def commands() -> list[ParameterSet]:
    found = []
    for block in blocks():
        if block.language in SHELL:
            for line in block.code.replace("\\\n", " ").splitlines():
                command = line.removeprefix("$ ").split(" # ")[0].strip()
                if command and not command.startswith("#"):
                    found.append(pytest.param(command, id=f"{block}: {command}"))
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures that the documents speak of."""
    folder = tmp_path_factory.mktemp("desk")
    draw_seven().save(folder / "seven.png")
    draw_seven(200).save(folder / "three.png")
    with zipfile.ZipFile(folder / "scans.zip", "w") as scans:
        scans.write(folder / "seven.png", "seven.png")
    (folder / "digits.csv").write_bytes(digits_csv(0, 200))
    for name in ("horse", "dog", "frog"):
        Image.open(EXAMPLES / f"{name}.png").convert("RGB").save(folder / f"{name}.jpg", quality=95)
    return folder


def here(code: str, request: pytest.FixtureRequest) -> str:
    """Return code that speaks of the documented address with that of a server of the tests."""
    if ADDRESS not in code:
        return code
    server: Server = request.getfixturevalue("server")
    return code.replace(ADDRESS, server.url)


def run(command: list[str], desk: Path, **environment: str) -> str:
    result = subprocess.run(
        command, cwd=desk, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout


def test_every_block_names_its_language() -> None:
    unknown = [str(block) for block in blocks() if block.language not in {"python", "nginx", *SHELL, *NOT_CODE}]
    assert not unknown


def python_blocks() -> list[Block]:
    """Return the blocks of Python but for those of ``extending.md``, which ``test_extending.py`` runs."""
    return [block for block in blocks() if block.language == "python" and block.path.name != "extending.md"]


@pytest.mark.slow
@pytest.mark.parametrize("block", python_blocks(), ids=str)
def test_every_python_block_runs(block: Block, desk: Path, request: pytest.FixtureRequest) -> None:
    code = here(block.code, request)
    if block.path.name == "README.md":  # as a reader runs it
        run([sys.executable, *STRICT, "-c", code], desk)
        return
    kind = "training" if "RecipeTask" in code else "server"
    ended = forking.run_python(kind, ["-c", STRICT_WHERE_FORKED + code], cwd=desk)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_every_command_runs(command: str, desk: Path, request: pytest.FixtureRequest) -> None:
    environment, words = split_environment(command)
    if command.startswith(NOT_RUN) or not words:
        return
    first, *rest = words
    match first:
        case "make":
            check_targets(rest)
        case "curl":
            check_curl(command, desk, request)
        case "rabisco":
            check_rabisco(rest, desk, environment)
        case "python" if rest[:2] == ["-m", "benchmarks"]:
            assert set(rest[2:]) <= set(benchmark_names())
        case "python" if rest[:2] == ["-m", "benchmarks.tables"]:
            assert set(rest[2:]) <= {"--check"}
        case "docker" | "buildah":
            check_docker(rest)
        case "echo" if ">> .env" in command:
            assert set(re.findall(r"\b(RABISCO_\w+)=", command)) <= set(re.findall(r"\$\{(RABISCO_\w+)", COMPOSE))
        case "pytest":
            assert all((ROOT / word).exists() for word in rest if not word.startswith("-"))
        case _:
            pytest.fail(f"nothing here runs {command!r}; teach this test to, or write another command")


def split_environment(command: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables set before a command, each a setting that exists, and its words."""
    words = shlex.split(command.removeprefix("export "))
    environment = {}
    while words and re.match(r"[A-Z_]+=", words[0]):
        name, _, value = words.pop(0).partition("=")
        assert name.removeprefix("RABISCO_").lower() in Settings.model_fields, f"{name} is not a setting"
        environment[name] = value
    return environment, [word.removeprefix(".venv/bin/") for word in words]


def check_targets(targets: list[str]) -> None:
    known = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(targets) <= set(known)


def check_curl(command: str, desk: Path, request: pytest.FixtureRequest) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    server: Server = request.getfixturevalue("server")
    assert "http://127.0.0.1:3000" in command
    here = command.replace("http://127.0.0.1:3000", server.url).replace(
        "curl ", "curl --silent --show-error --fail ", 1
    )
    assert run(["bash", "-c", here], desk)


def check_docker(words: list[str]) -> None:
    """See that a command to an engine names what is there: a target, a composition, settings, a command of ours."""
    targets = re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    settings = {f"RABISCO_{name.upper()}" for name in Settings.model_fields}
    match words:
        case ["build" | "bud", *options]:
            assert options[-1] == "."
            assert all(target in targets for name, target in pairwise(options) if name == "--target")
        case ["run", *options]:
            assert all(given.partition("=")[0] in settings for name, given in pairwise(options) if name == "-e")
            image = next(place for place, word in enumerate(options) if word in ("rabisco", "rabisco-train"))
            assert set(options[image + 1 : image + 2]) <= set(rabisco.commands)
        case ["compose", "up", *options]:
            assert set(options) <= {"--build", "--detach"}
        case _:
            pytest.fail(f"nothing here checks {shlex.join(words)!r}")


def check_rabisco(words: list[str], desk: Path, environment: dict[str, str]) -> None:
    if words[0] == "train":
        assert words[1] in recipe_names()
    if words[0] in ONLY_PARSED:
        parsed = CliRunner().invoke(rabisco, [*words, "--help"])
        assert parsed.exit_code == 0, parsed.output
        return
    given = {"RABISCO_HOME": str(desk / "home"), **environment}  # the home of all commands: some undo what others did
    if words == ["predict", "seven.png"]:  # one as a reader runs it
        run([sys.executable, "-m", "rabisco", *words], desk, **given)
        return
    with contextlib.chdir(desk), pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        done = CliRunner().invoke(rabisco, words)
    assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}{done.exception}"


def test_every_table_is_the_one_that_its_result_makes() -> None:
    assert tables.check() is None


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`RABISCO_{name.upper()}`" not in text]
    assert not missing


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    missing = [name for name in rabisco.commands if f"## `rabisco {name}" not in text]
    assert not missing


def test_every_route_is_documented() -> None:
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    rules = {rule.rule for rule in create_app().url_map.iter_rules() if rule.endpoint != "static"}
    missing = [rule for rule in sorted(rules) if f"`{rule}`" not in text and f" {rule}`" not in text]
    assert not missing


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", text)
        broken += [f"{path.name}: {target}" for target in targets if not (path.parent / target).exists()]
    assert not broken


# Words for which the glossary has another: whole, in documents, templates, docstrings and names.
REPLACED = re.compile(r"\b(datum|preds|relearn\w*|lessons?|refitted|hyper-?params?|ground truth)\b", re.IGNORECASE)


def test_one_word_stands_for_one_thing_everywhere() -> None:
    glossary = ROOT / "docs" / "glossary.md"
    source = ROOT / "src" / "rabisco"
    files = [*DOCUMENTS, *source.rglob("*.py"), *source.rglob("*.html")]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        if path != glossary
        for word in REPLACED.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_glossary_has_each_term_once_in_every_language() -> None:
    rows = re.findall(r"^\| (?!English|:)(.+) \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    terms = [row.split(" | ") for row in rows]
    assert len(terms) >= 60
    assert all(len(term) == 6 and all(term) for term in terms)
    assert len({term[0] for term in terms}) == len(terms)


def test_decisions_are_numbered_without_a_gap_and_indexed() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("0*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    index = (folder / "index.md").read_text(encoding="utf-8")
    assert [name for name in names if f"]({name})" not in index] == []
