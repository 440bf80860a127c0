"""The pages' JavaScript that needs no browser, tested by node where node is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2] / "js"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_modules_without_dom_pass_their_tests_in_node() -> None:
    files = sorted(map(str, TESTS.glob("*.test.mjs")))
    result = subprocess.run(["node", "--test", *files], capture_output=True, text=True, timeout=60, check=False)
    assert files
    assert result.returncode == 0, result.stdout
