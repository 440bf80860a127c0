"""The recorded video: it is there, it plays, it is short and small, and the README shows it."""

import json
import shutil
import subprocess

import pytest
from benchmarks import ROOT

VIDEO = ROOT / "docs" / "video" / "rabisco.webm"


def test_it_is_small_and_the_readme_leads_to_it() -> None:
    assert 100_000 < VIDEO.stat().st_size <= 6_000_000
    assert VIDEO.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"  # of every WebM
    for path in (ROOT / "README.md", *sorted((ROOT / "docs" / "readme").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        assert "video/rabisco.webm" in text, path.name
        assert "video/poster.jpg" in text, path.name


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_it_lasts_between_one_and_two_minutes() -> None:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(VIDEO)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 60 <= float(told["format"]["duration"]) <= 120
    assert told["streams"][0]["width"] == 1280
