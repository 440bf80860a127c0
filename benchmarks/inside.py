"""An explanation takes less than 15 ms of processor time with the linear model, less than 60 ms with the network.

``POST /explain`` in this process with a drawn 7, a PNG of 280 × 280 pixels, from bytes to JSON; each case in turn, 50
times, after five to warm up. The baseline is ``POST /predict`` of the drawing. Time by the clock is in the result,
too; it also tells what else the machine did.
"""

import time
from typing import Any

import numpy as np
from tests.web.serving import seven_png

from benchmarks import spread
from rabisco.evaluation.tables import markdown_table
from rabisco.web import create_app

TIMES, WARMING = 50, 5
CASES = {
    "Prediction, network": "/predict/cnn",
    "Linear model, everything but flips": "/explain?model=linear",
    "Linear model, evidence": "/explain?model=linear&parts=evidence",
    "Network, everything but flips": "/explain?model=cnn",
    "Network, all maps": "/explain?model=cnn&parts=stages",
    "Network, Grad-CAM": "/explain?model=cnn&parts=grad-cam",
    "Network, flips": "/explain?model=cnn&parts=flips",
}


def run() -> dict[str, Any]:
    """Time every case."""
    client, picture = create_app().test_client(), seven_png()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for turn in range(TIMES + WARMING):
        for name, path in CASES.items():
            clock, processor = time.perf_counter(), time.process_time()
            response = client.post(path, data=picture, content_type="image/png")
            taken = ((time.process_time() - processor) * 1000, (time.perf_counter() - clock) * 1000)
            if response.status_code != 200:
                raise RuntimeError(response.text)
            if turn >= WARMING:
                found[name].append(taken)
    baseline = float(np.median([taken[0] for taken in found["Prediction, network"]]))
    return {
        "n": TIMES,
        "cases": [
            {
                "case": name,
                "processor_ms": spread([one[0] for one in taken]),
                "clock_ms": spread([one[1] for one in taken]),
                "ratio": float(np.median([one[0] for one in taken])) / baseline,
            }
            for name, taken in found.items()
        ],
    }


def table(result: dict[str, Any]) -> str:
    """Return one row for each case as Markdown."""
    rows = [
        (
            one["case"],
            f"{one['processor_ms']['median']:.1f} ms",
            f"{one['processor_ms']['p95']:.1f} ms",
            f"{one['ratio']:.1f} ×",
        )
        for one in result["cases"]
    ]
    header = ("From picture to answer", "Processor time, median", "p95", "Against the prediction")
    return markdown_table(header, rows)


if __name__ == "__main__":
    print(table(run()))
