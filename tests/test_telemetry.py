"""Reading a picture leaves nothing in the home folder."""

import os
import subprocess
import sys
from pathlib import Path

READS = """
import io
from PIL import Image
from rabisco.images import decode
from rabisco.inference import get_predictor
file = io.BytesIO()
Image.linear_gradient("L").save(file, "PNG")
print(get_predictor("mnist-tiny").predict(decode(file.getvalue())).model)
"""


def test_reading_a_picture_leaves_the_home_folder_empty(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    left_out = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    read = subprocess.run(
        [sys.executable, "-c", READS],
        env={**kept, "HOME": str(home), "RABISCO_HOME": str(tmp_path / "rabisco")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert read.stdout.strip() == "mnist-tiny"
    assert not list(home.rglob("*"))
