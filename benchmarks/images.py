"""The serving image stays below 500 MB, a quarter of the training image, and answers seconds after it is started.

Wants root, ``buildah`` (its command may be in ``BUILDAH``, with options) and both images as `docs/docker.md` builds
them. An image is mounted and its entry point started in it as its own user, with its environment and a read-only
root; the time is from there to the answer of ``POST /predict``.
"""

import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from tests.web.serving import free_port, seven_png

from benchmarks import spread

IMAGES = {"serve": "localhost/rabisco", "train": "localhost/rabisco-train"}
STARTS = 5
SCRIPT = """
set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1/data"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs tmpfs "$1/dev"
for device in null urandom; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
mkdir -m 1777 "$1/dev/shm"
mount -t proc proc "$1/proc"
mount -o remount,bind,ro "$1"
exec chroot --userspec="$3" "$@"
"""


def run() -> dict[str, Any]:
    """Return size and times of each image; the images take turns."""
    roots = {name: mounted(image) for name, image in IMAGES.items()}
    seconds: dict[str, list[float]] = {name: [] for name in IMAGES}
    for _ in range(STARTS):
        for name, image in IMAGES.items():
            seconds[name].append(first_prediction(roots[name], image))
    images = {
        name: {"image": IMAGES[name], "bytes": unpacked(roots[name]), "seconds": spread(seconds[name])}
        for name in IMAGES
    }
    return {"n": STARTS, "images": images}


def table(result: Mapping[str, Any]) -> str:
    """Return a row for each image."""
    base = result["images"]["serve"]["seconds"]["median"]
    lines = ["| Target | Unpacked | From start to first prediction, median | Ratio |", "| :-- | --: | --: | --: |"]
    for name, figures in result["images"].items():
        median = figures["seconds"]["median"]
        lines.append(f"| `{name}` | {figures['bytes'] / 1e6:,.0f} MB | {median:.2f} s | {median / base:.2f} × |")
    return "\n".join(lines)


def mounted(image: str) -> Path:
    """Return the root of a new container of an image."""
    container = buildah("from", "--pull-never", image)
    return Path(buildah("mount", container))


def unpacked(root: Path) -> int:
    """Return the bytes of all files, each counted once."""
    found = {(stat.st_dev, stat.st_ino): stat.st_size for path in root.rglob("*") if (stat := path.lstat())}
    return sum(found.values())


def first_prediction(root: Path, image: str) -> float:
    """Return the seconds from starting an image to its first prediction."""
    settings = json.loads(buildah("inspect", "--type", "image", image))["OCIv1"]["config"]
    port = free_port()
    given = [*settings["Env"], f"RABISCO_PORT={port}", "RABISCO_READ_ONLY=1"]
    words = ["/usr/bin/env", "-i", *given, *settings["Entrypoint"], *settings["Cmd"]]
    script = SCRIPT.replace('"$@"', '"$1" ' + shlex.join(words))
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, *map(int, settings["User"].split(":")))
        started = time.perf_counter()
        apart = ["unshare", "--mount", "--pid", "--fork", "--propagation", "private"]
        process = subprocess.Popen(
            [*apart, "sh", "-c", script, "sh", str(root), home, settings["User"]], stdout=subprocess.DEVNULL
        )
        try:
            return answered(port) - started
        finally:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for child in map(int, children):  # the first of its process namespace: all others end with it
                os.kill(child, 9)
            process.wait(timeout=20)


def answered(port: int) -> float:
    """Return when a picture was read."""
    until = time.perf_counter() + 60
    while time.perf_counter() < until:
        try:
            answer = requests.post(f"http://127.0.0.1:{port}/predict", files={"file": seven_png()}, timeout=10)
        except requests.ConnectionError:
            time.sleep(0.01)
            continue
        assert answer.json()["predictions"][0]["category"] == "7"
        return time.perf_counter()
    raise TimeoutError("the server did not answer")


def buildah(*words: str) -> str:
    command = [*shlex.split(os.environ.get("BUILDAH", "buildah")), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
