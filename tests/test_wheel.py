"""What a wheel holds: all that the package is made of, so that an install needs no repository."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from benchmarks import ROOT

pytestmark = pytest.mark.slow

SOURCE = ROOT / "src"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    copied = folder / "copy"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    for name in tracked.stdout.split("\0"):
        if name.startswith(("src/", "docs/", "pyproject.toml", "README.md", "LICENSE")) and (ROOT / name).exists():
            (copied / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copied / name, follow_symlinks=False)
    command = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(copied)]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_every_file_of_the_package_is_in_the_wheel(names: set[str]) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z", "src"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = {Path(name).relative_to("src").as_posix() for name in tracked.stdout.split("\0") if name}
    files = {name for name in files if (SOURCE / name).is_file() and not name.endswith(".cfg")}
    assert len(files) > 300
    assert files - names == set()


def test_models_words_templates_and_the_pad_of_the_studio_are_among_them(names: set[str]) -> None:
    assert "rabisco/bundled/mnist-cnn/pesos.h5" in names
    assert [name for name in names if name.endswith("ru/LC_MESSAGES/messages.mo")]
    assert [name for name in names if name.endswith("templates/read/draw.html")]
    assert "rabisco/studio/pad/pad.js" in names
    assert {f"rabisco/assistant/pages/questions.{tag}.md" for tag in ("pt", "es", "fr", "ru")} <= names
    assert "rabisco/assistant/pages/training.md" in names
