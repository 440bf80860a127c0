"""Versions of models made in no time: the bundled files, copied, with a note in the card that tells them apart."""

import shutil

from rabisco.artifacts import BUNDLED_DIR, Artifact, install
from rabisco.artifacts.loading import read_card
from rabisco.settings import get_settings


def add_version(name: str, note: str = "", *, like: str = "mnist-linear", use: bool = True) -> Artifact:
    """Save the files of a bundled model as the next version of ``name``."""
    folder = get_settings().artifacts_dir / f".copy-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(BUNDLED_DIR / like, folder)
    card = read_card(like, folder)
    return install(folder, card.model_copy(update={"name": name, "notes": note}), use=use)
