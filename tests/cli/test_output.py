"""What the command prints can be printed anywhere, and is not cut where nobody reads it on a screen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_cli import picture_of_a_one

pytestmark = pytest.mark.slow

LONG = "a-model-whose-name-says-what-it-was-trained-on-and-with-which-settings"


def rabisco(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    variables = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **environment}
    return subprocess.run(
        [sys.executable, "-m", "rabisco", *arguments], env=variables, capture_output=True, check=False
    )


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [("ascii", ["models"]), ("cp850", ["data"]), ("latin-1", ["models", "mnist-cnn"])],
)
def test_no_command_fails_on_a_terminal_that_is_not_utf_8(home: Path, encoding: str, arguments: list[str]) -> None:
    printed = rabisco(*arguments, PYTHONIOENCODING=encoding, RABISCO_HOME=str(home))
    assert printed.returncode == 0, printed.stderr
    assert b"mnist" in printed.stdout


def test_json_keeps_what_the_terminal_cannot_show(tmp_path: Path) -> None:
    picture = Path(picture_of_a_one(tmp_path)).rename(tmp_path / "não.png")
    printed = rabisco("predict", "--json", str(picture), PYTHONIOENCODING="ascii")
    assert json.loads(printed.stdout)[0]["file"] == str(picture)


def test_names_are_not_cut_when_piped(home: Path) -> None:
    (home / "artifacts").mkdir(parents=True, exist_ok=True)
    bundled = Path(sys.modules["rabisco"].__file__ or "").parent / "bundled" / "mnist-tiny"
    copied = home / "artifacts" / LONG
    copied.mkdir()
    for file in bundled.iterdir():
        content = file.read_bytes()
        copied.joinpath(file.name).write_bytes(
            content.replace(b'"name": "mnist-tiny"', f'"name": "{LONG}"'.encode())
            if file.suffix == ".json"
            else content
        )
    printed = rabisco("models", RABISCO_HOME=str(home), COLUMNS="40")
    assert LONG in printed.stdout.decode()
