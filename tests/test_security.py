"""What SECURITY.md names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_test_and_command_that_a_promise_rests_on_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"test_\w+\.py", text))
    assert named
    assert named <= tests
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", text)) <= targets
