"""An explanation takes less than 15 ms of processor time with the linear model, less than 60 ms with the network.

``POST /explain`` in this process with a drawn 7, a PNG of 280 × 280 pixels, and with a photograph of 32 × 32, from
bytes to JSON; each case in turn, 50 times, after five to warm up. The baseline is ``POST /predict`` of the picture.
Time by the clock is in the result, too; it also tells what else the machine did.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from tests.web.serving import seven_png

import rabisco.web
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
    "Prediction, `cifar10-cnn`": "/predict/cifar10-cnn",
    "`cifar10-cnn`, all maps": "/explain?model=cifar10-cnn&parts=stages",
    "`cifar10-cnn`, Grad-CAM": "/explain?model=cifar10-cnn&parts=grad-cam",
    "`cifar10-cnn`, nearest training images": "/explain?model=cifar10-cnn&parts=nearest",
    "`cifar10-cnn`, everything but flips": "/explain?model=cifar10-cnn",
    "Prediction, `cifar10-resnet18`": "/predict/cifar10-resnet18",
    "`cifar10-resnet18`, all maps": "/explain?model=cifar10-resnet18&parts=stages",
    "`cifar10-resnet18`, Grad-CAM": "/explain?model=cifar10-resnet18&parts=grad-cam",
}
PHOTOGRAPH = Path(rabisco.web.__file__).parent / "static" / "examples" / "ship.png"


def run() -> dict[str, Any]:
    """Time every case."""
    client, drawing, photograph = create_app().test_client(), seven_png(), PHOTOGRAPH.read_bytes()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for turn in range(TIMES + WARMING):
        for name, path in CASES.items():
            clock, processor = time.perf_counter(), time.process_time()
            picture = photograph if "cifar10" in path else drawing
            response = client.post(path, data=picture, content_type="image/png")
            taken = ((time.process_time() - processor) * 1000, (time.perf_counter() - clock) * 1000)
            if response.status_code != 200:
                raise RuntimeError(response.text)
            if turn >= WARMING:
                found[name].append(taken)
    medians = {name: float(np.median([one[0] for one in taken])) for name, taken in found.items()}
    baselines = {path.split("/")[-1]: medians[name] for name, path in CASES.items() if name.startswith("Prediction")}

    def ratio(name: str) -> float:
        named = [model for model in baselines if f"`{model}`" in name]
        return medians[name] / baselines[named[0] if named else "cnn"]

    return {
        "n": TIMES,
        "cases": [
            {
                "case": name,
                "processor_ms": spread([one[0] for one in taken]),
                "clock_ms": spread([one[1] for one in taken]),
                "ratio": ratio(name),
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
