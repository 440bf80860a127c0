"""The notebooks: each cell runs and its claims hold, and what is committed was made from the source beside it."""

import ast
import base64
import json
import os
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from benchmarks import ROOT
from tests import forking

FOLDER = ROOT / "notebooks"
NOTEBOOKS = ["reading-digits", "leer-digitos"]
LARGEST = 1_000_000  # bytes; outputs included


def cells(name: str) -> list[tuple[str, str]]:
    """Return kind and text of each cell of a source in the percent format."""
    parts = re.split(r"(?m)^# %%(.*)\n", (FOLDER / f"{name}.py").read_text(encoding="utf-8"))[1:]
    found = []
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        lines = text.strip("\n").splitlines()
        markdown = "[markdown]" in heading
        body = [line[2:] for line in lines] if markdown else lines
        found.append(("markdown" if markdown else "code", "\n".join(body)))
    return found


def executed(name: str) -> list[dict[str, Any]]:
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return list(notebook["cells"])


class Words(ast.NodeTransformer):
    """Take the words out of code: what is left is what it does."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("…") if isinstance(node.value, str) else node


@pytest.mark.training
def test_every_cell_runs_and_every_claim_holds(tmp_path: Path) -> None:  # in one language: both do the same
    program = "\n".join(text for kind, text in cells(NOTEBOOKS[0]) if kind == "code")
    assert program.count("\nassert ") > 30
    result = forking.run_python(
        "training",
        ["-c", f"import warnings\nwarnings.simplefilter('error')\n{program}"],
        timeout=600,
        cwd=tmp_path,
        env={**os.environ, "RABISCO_NOTEBOOK": "short", "MPLBACKEND": "template"},
    )
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_committed_was_executed_from_this_source_without_errors(name: str) -> None:
    found = executed(name)
    assert [("".join(cell["source"]).strip("\n"), cell["cell_type"]) for cell in found] == [
        (text, kind) for kind, text in cells(name)
    ]
    code = [cell for cell in found if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_its_pictures_are_there(name: str) -> None:
    outputs = [output for cell in executed(name) for output in cell.get("outputs", ())]
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    sizes = [struct.unpack(">II", base64.b64decode(picture)[16:24]) for picture in pictures]
    assert len(sizes) >= 12
    assert all(width > 300 and height > 80 for width, height in sizes)


def test_both_languages_do_the_same() -> None:
    one, other = (
        [Words().visit(ast.parse(text)) for kind, text in cells(name) if kind == "code"] for name in NOTEBOOKS
    )
    assert [ast.dump(cell) for cell in one] == [ast.dump(cell) for cell in other]


def test_nothing_of_this_machine_is_in_the_outputs() -> None:
    for name in NOTEBOOKS:
        text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
        assert not re.search(r"/(home|root|tmp|work|Users)/", text)
