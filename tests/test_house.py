"""The rules of the house, as tests: what every module, file and release must have; who imports whom is linted."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import benchmarks
import pytest
from benchmarks import RESULTS_DIR, ROOT
from benchmarks.__main__ import BY_NAME_ONLY
from benchmarks.__main__ import names as benchmark_names

import rabisco
from rabisco.errors import InvalidConfigurationError

PYTHON_FILES = sorted(path for folder in ("src", "benchmarks", "tests") for path in (ROOT / folder).rglob("*.py"))
STYLE_SHEETS_AND_TEMPLATES = [path for kind in ("css", "html") for path in sorted((ROOT / "src").rglob(f"*.{kind}"))]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
LARGEST_FILE = 3_000_000
LARGEST_BUNDLED = 13_500_000  # what ResNet-18 needs
HELP = """
import json, sys
from rabisco.cli import main
sys.argv = ["rabisco", "--help"]
try:
    main()
except SystemExit:
    print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_architecture_page_lists_the_layers_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert listed
    told = [re.split(r"\s{2,}", line)[0] for line in listed[1].splitlines()]
    assert ["__main__", *told] == contracts[0]["layers"]


def test_a_benchmark_of_uncommitted_code_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "changed.py").touch()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    monkeypatch.setattr(benchmarks, "ROOT", tmp_path)
    monkeypatch.setattr(benchmarks, "RESULTS_DIR", tmp_path / "results")
    with pytest.raises(InvalidConfigurationError, match="must be committed"):
        benchmarks.run("hops")
    assert not (tmp_path / "results").exists()


def test_every_benchmark_has_a_table_and_every_result_a_benchmark() -> None:
    names = set(benchmark_names())
    assert names >= {*BY_NAME_ONLY, *(path.stem for path in RESULTS_DIR.glob("*.json"))}
    sources = {name: (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8") for name in names}
    assert [name for name, source in sources.items() if "\ndef table(" not in source] == []


def test_every_module_says_what_it_is_for() -> None:
    trees = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in PYTHON_FILES}
    assert [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_no_test_has_a_name_over_80_characters() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in re.findall(r"def (test_\w+)", text) if len(name) > 80] == []


def test_the_pages_and_routes_and_their_tests_are_packages_by_topic() -> None:
    web = ROOT / "src" / "rabisco" / "web"
    topics = {path.parent.name for path in web.glob("*/__init__.py")}
    assert [path.name for path in web.glob("*.py")] == ["__init__.py"]
    assert {path.parent.name for path in (ROOT / "tests" / "web").glob("*/test_*.py")} == topics
    assert {path.name for path in (web / "templates").iterdir() if path.is_dir()} == topics


def test_help_answers_without_loading_what_only_commands_need() -> None:
    result = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    loaded = set(json.loads(result.stdout.splitlines()[-1]))
    assert "click" in loaded
    assert loaded.isdisjoint(
        {"numpy", "scipy", "PIL", "onnxruntime", "flask", "uvicorn", "keras", "tensorflow", "rich"}
    )


@pytest.mark.parametrize("path", REQUIREMENTS, ids=name_of)
def test_every_requirement_is_pinned_and_hashed_and_no_address_is_recorded(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    requirements = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).strip().splitlines()
    loose = [line for line in requirements if "==" not in line or "--hash=sha256:" not in line]
    assert requirements
    assert not loose
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


def test_serving_requires_nothing_that_trains() -> None:
    text = (ROOT / "requirements" / "serve.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", text, flags=re.MULTILINE))
    assert {"flask", "onnxruntime"} <= names
    assert names.isdisjoint({"keras", "tensorflow", "tensorflow-cpu", "scikit-learn", "matplotlib", "pytest"})


def test_no_base_install_requires_what_only_many_machines_need() -> None:
    for name in ("serve", "train"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert set(re.findall(r"^([a-z0-9-]+)==", text, flags=re.MULTILINE)).isdisjoint({"pyarrow", "ray", "s3fs"})


def test_no_style_sheet_or_template_has_a_line_over_120_characters() -> None:
    long = [
        f"{name_of(path)}:{number}"
        for path in STYLE_SHEETS_AND_TEMPLATES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert long == []


def test_no_tracked_file_is_large() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    tracked = [ROOT / name for name in listing.stdout.split("\0") if name]
    bundled = ROOT / "src" / "rabisco" / "bundled"
    limit = {path: LARGEST_BUNDLED if bundled in path.parents else LARGEST_FILE for path in tracked}
    large = [name_of(path) for path in tracked if path.is_file() and path.stat().st_size > limit[path]]
    assert tracked
    assert not large


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert project["version"] == rabisco.__version__ == (citation and citation[1])


def test_a_tagged_commit_is_of_its_version() -> None:
    tags = subprocess.run(["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    versions = {tag.removeprefix("v") for tag in tags.stdout.split() if re.match(r"v\d", tag)}
    assert versions <= {rabisco.__version__}


def test_no_class_has_the_name_of_another() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "src").rglob("*.py")]
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name in set(names) if names.count(name) > 1] == []
