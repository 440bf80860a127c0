"""Make a home as an earlier version of Rabisco leaves it, for ``tests/store/test_earlier_home.py``.

Run it with that version's code: ``PYTHONPATH=<its checkout>/src python tests/store/earlier/make.py home.tar.xz``. Its
server looks through an upload, trains two versions of a model on it, stores what a reader says of a picture that two
models read, and is killed in the middle of a third training.
"""

import base64
import csv
import io
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]
URL = f"http://127.0.0.1:{PORT}"
READER = "a-token-of-a-browser"
SENT = {"model": "linear", "name": "mine", "batch_size": 8}
EPOCHS = 3000


def main(target: str) -> None:
    """Write the archive."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        settings = {"RABISCO_HOME": str(home), "RABISCO_PORT": str(PORT), "RABISCO_TRAINING_NICENESS": "0"}
        server = subprocess.Popen([sys.executable, "-m", "rabisco", "serve"], env={**os.environ, **settings})
        try:
            wait_for(lambda: ask("/health/ready"))
            fill(home)
        finally:
            server.terminate()
            server.wait()
        strip(home)
        with tarfile.open(target, "w:xz", preset=9) as archive:
            for path in sorted(home.rglob("*")):
                archive.add(path, path.relative_to(home), recursive=False, filter=plain)


def fill(home: Path) -> None:
    """Use the server as people do."""
    answer = requests.post(f"{URL}/uploads", files={"train": ("two.csv", table())}, timeout=60)
    upload = f"/uploads/{answer.json()['id']}"
    wait_for(lambda: ask(upload)["state"] == "ready")
    chosen = {**SENT, "upload": upload.rpartition("/")[2]}
    for epochs in (2, 3):
        run = send("/training", {**chosen, "epochs": epochs})
        wait_for(lambda run=run: ask(f"/runs/{run['id']}")["state"] == "succeeded")
    bundled = {"model": "mnist-cnn", "version": 0, "predicted": "0", "probability": 0.75}
    mine = {"model": "mine", "version": 2, "predicted": "1", "probability": 0.5}
    said = {"image": picture(), "true_label": "0", "consent": True, "readings": [bundled, mine]}
    send("/corrections", said, cookies={"reader": READER})
    run = send("/training", {**chosen, "epochs": EPOCHS})
    checkpoints = home / "runs" / run["id"] / "checkpoints"
    wait_for(lambda: list(checkpoints.glob("[0-9]*.checkpoint")))
    with closing(sqlite3.connect(home / "rabisco.db")) as database:
        ((pid,),) = database.execute("SELECT pid FROM runs WHERE id = ?", (run["id"],)).fetchall()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ask(f"/runs/{run['id']}")["state"] == "interrupted")


def strip(home: Path) -> None:
    """Leave the database as SQL, and no trace of the machine."""
    with closing(sqlite3.connect(home / "rabisco.db")) as database:
        database.execute("UPDATE runs SET host = 'a machine'")
        database.commit()
        (home / "rabisco.sql").write_text("\n".join(database.iterdump()), encoding="utf-8")
    for path in (*home.glob("rabisco.db*"), home / "secret_key", *home.rglob("log.txt"), *home.rglob(".*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member as nobody in particular wrote it."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def table() -> str:
    """Return sixty drawn images of 0 (a frame) and 1 (a bracket), 28×28, no two alike, as CSV."""
    rows, text = [], io.StringIO()
    for number in range(60):
        image, left, top = np.zeros((28, 28), int), 5 + number % 7, 4 + number // 7 % 5
        image[top : top + 16, left : left + 12] = 255 - number
        image[top + 3 : top + 13, left + 3 : left + 12 - 3 * (number % 2 == 0)] = 0
        rows.append([number % 2, *image.ravel()])
    csv.writer(text).writerows([["label", *(f"pixel{place}" for place in range(784))], *rows])
    return text.getvalue()


def picture() -> str:
    """Return a drawn zero, PNG as base64 text."""
    image, content = Image.new("L", (56, 56), 255), io.BytesIO()
    image.paste(0, (18, 8, 38, 48))
    image.paste(255, (24, 14, 32, 42))
    image.save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def send(path: str, values: dict[str, Any], **options: Any) -> Any:
    """Return what the server answers to JSON."""
    answer = requests.post(URL + path, json=values, timeout=60, **options)
    answer.raise_for_status()
    return answer.json()


def ask(path: str) -> Any:
    """Return what the server answers; nothing while there is none."""
    try:
        return requests.get(URL + path, headers={"Accept": "application/json"}, timeout=60).json()
    except requests.ConnectionError:
        return None


def wait_for(condition: Callable[[], Any]) -> None:
    """Return once the condition holds."""
    until = time.monotonic() + 600
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
