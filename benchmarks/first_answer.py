"""Both models' answers are on the screen less than 100 ms after the pen is lifted, and the first page is under 150 kB.

The drawing page in headless Chromium against ``rabisco serve``, both on this machine. A stroke is drawn by mouse,
100 times, beside a digit that stands there already, and ends anywhere between two frames; a wait begins when the
browser stamps the lifting of the pen and ends in the first frame that shows what both models read. The baseline, for
the same strokes, is the next frame: a page that asks nobody. The bytes are those of the page with an empty cache,
headers included, compressed as they travel.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.hand import SEVEN, draw
from tests.browser.watch import bytes_received, frames, waits, watch
from tests.web.serving import serving

from benchmarks import spread
from rabisco.evaluation.tables import markdown_table

STROKES = 100


def run() -> dict[str, Any]:
    """Draw the strokes, and count the bytes of the first page."""
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        sizes = bytes_received(page, server.url + "/")
        draw(page, SEVEN)
        page.locator("model-answer[data-state=read]").first.wait_for()
        watch(page)
        answered = waits(page, STROKES)
        alone = frames(page)
        browser.close()
    return {
        "n": len(answered),
        "answer_ms": spread(answered),
        "frame_ms": spread(alone),
        "ratio": float(np.median(answered) / np.median(alone)),
        "requests": len(sizes),
        "bytes": sum(sizes.values()),
    }


def table(result: dict[str, Any]) -> str:
    """Return the wait beside its baseline as a Markdown table, the bytes below it."""
    answer, frame = result["answer_ms"], result["frame_ms"]
    rows = [
        (
            "Both answers on the screen",
            f"{answer['median']:.0f} ms",
            f"{answer['p95']:.0f} ms",
            f"{result['ratio']:.1f} ×",
        ),
        ("The next frame, nothing asked", f"{frame['median']:.0f} ms", f"{frame['p95']:.0f} ms", "1.0 ×"),
    ]
    header = ("After the pen is lifted", "Median", "p95", "Against the next frame")
    size = f"The first page takes {result['requests']} requests and {result['bytes'] / 1000:.0f} kB on the wire."
    return f"{markdown_table(header, rows)}\n\n{size}"
