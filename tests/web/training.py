"""Data to train on, and waiting for what happens to them, for tests of the training pages."""

import csv
import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.web.serving import Server

from rabisco.data.bundled import read_counts


def digits_csv(first: int = 0, last: int | None = None, wide: bool = False, inverted: bool = False) -> bytes:
    """Return scikit-learn's digits as CSV: 64 columns from 0 to 16, or enlarged to 784 from 0 to 255."""
    counts, labels = read_counts()
    images = counts[first:last].astype(int)
    if wide:
        large = np.kron(images, np.ones((1, 3, 3), int)) * 255 // 16
        images = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    if inverted:
        images = images.max() - images
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["label", *(f"pixel{number}" for number in range(images[0].size))])
    for image, label in zip(images, labels[first:last], strict=True):
        writer.writerow([label, *image.reshape(-1)])
    return text.getvalue().encode()


def send(server: Server, path: str = "/uploads", **parts: Any) -> dict[str, Any]:
    """Return what the server answers to files, ``train`` and perhaps ``test``, and fields."""
    files = {name: (f"{name}.csv", parts.pop(name)) for name in ("train", "test") if name in parts}
    response = server.post(path, files=files, data=parts)
    assert response.status_code in (201, 202), response.text
    answer: dict[str, Any] = response.json()
    assert response.headers["Location"].endswith(answer["id"])
    return answer


def wait_for(ask: Callable[[], dict[str, Any]], *states: str, seconds: float = 120) -> dict[str, Any]:
    """Return what ``ask`` answers once its ``state`` is one of these; ask more seldom the longer it takes."""
    began = time.monotonic()
    while (answer := ask())["state"] not in states:
        waited = time.monotonic() - began
        assert waited < seconds, answer
        time.sleep(min(0.1 + waited / 20, 1))
    return answer


def looked_through(server: Server, upload_id: str) -> dict[str, Any]:
    """Return an upload once it has been looked through."""
    return wait_for(lambda: server.get(f"/uploads/{upload_id}").json(), "ready", "unusable", "refused")


def cancel_all(server: Server) -> None:
    """Cancel every training that waits or runs."""
    for run in server.get("/runs").json()["runs"]:
        if "cancel" in run["actions"]:
            server.post(f"/runs/{run['id']}/cancel")
