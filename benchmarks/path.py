"""From a file's bytes to an answer, in process: under 60 ms for a photo of 12 megapixels, under 5 for a 280×280 PNG.

Decoding, preparation, the model and the rule of refusal, timed one after the other for each picture: digits of MNIST's
validation split on a canvas of 280×280, as PNG, and on shaded paper of 4000×3000, as JPEG. The times are of the
processor, so that other work on the machine counts as little as it can; the baseline, in turns with the path over 20
pictures, is Pillow decoding the same bytes to RGB.
"""

import io
import time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import spread
from benchmarks.canvas import draw_png
from rabisco import data
from rabisco.evaluation.tables import markdown_table
from rabisco.images import decode, prepare
from rabisco.inference import Predictor, get_predictor
from rabisco.rejection import picture_features
from rabisco.rejection.features import describe

MODEL = "mnist-cnn"
PNG, PHOTO = "PNG, 280×280", "JPEG, 4000×3000"
PICTURES = 20  # of each kind, over and over
TURNS = 25
STAGES = ("decode", "prepare", "model", "refusal", "all")


def run() -> dict[str, Any]:
    """Time every stage for both kinds of pictures."""
    predictor = get_predictor(MODEL)
    digits = data.load("mnist").validation.images[:PICTURES]
    random = np.random.default_rng(0)
    files = {PNG: [draw_png(digit, random) for digit in digits], PHOTO: [_photo(digit, random) for digit in digits]}
    times: dict[str, dict[str, list[float]]] = {kind: {stage: [] for stage in (*STAGES, "baseline")} for kind in files}
    for kind, contents in files.items():
        for turn in range(-1, TURNS):
            paths = [_stages(predictor, content) for content in contents]
            baselines = [{"baseline": _decoded_by_pillow(content)} for content in contents]
            for taken in (*paths, *baselines) if turn >= 0 else ():  # the first turn warms up
                for stage, milliseconds in taken.items():
                    times[kind][stage].append(milliseconds)
    return {
        "n": TURNS * PICTURES,
        "model": MODEL,
        "milliseconds": {kind: {stage: spread(list_) for stage, list_ in one.items()} for kind, one in times.items()},
    }


def table(result: dict[str, Any]) -> str:
    """Return the median of each stage as a Markdown table, with the ratio to decoding alone."""
    rows = []
    for kind, stages in result["milliseconds"].items():
        medians = [f"{stages[stage]['median']:.2f} ms" for stage in STAGES]
        ratio = stages["all"]["median"] / stages["baseline"]["median"]
        rows.append((kind, *medians, f"{stages['all']['p95']:.2f} ms", f"{ratio:.2f} ×"))
    header = ("Picture", "Decode", "Prepare", "Model", "Refusal", "All", "All, p95", "All, against Pillow's decoding")
    return markdown_table(header, rows)


def _stages(predictor: Predictor, content: bytes) -> dict[str, float]:
    """Return how many milliseconds of the processor each stage took."""
    card = predictor.card
    if card.refusal is None:
        raise SystemExit(f"{card.name} has no rule of refusal; fit it: rabisco models refit {card.name}")
    clock = [time.process_time()]
    picture = decode(content)
    clock.append(time.process_time())
    prepared = prepare(picture, card.normalizer)
    clock.append(time.process_time())
    logits = predictor.logits(prepared.pixels[np.newaxis])
    clock.append(time.process_time())
    assert prepared.ink is not None  # the model reads characters
    card.refusal.judge(picture_features([describe(prepared.ink)], logits, card.temperature))
    clock.append(time.process_time())
    return dict(zip(STAGES, (*np.diff(clock) * 1000, (clock[-1] - clock[0]) * 1000), strict=True))


def _decoded_by_pillow(content: bytes) -> float:
    """Return how many milliseconds of the processor Pillow takes to decode a file, and nothing more."""
    started = time.process_time()
    np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    return (time.process_time() - started) * 1000


def _photo(digit: np.ndarray, random: np.random.Generator) -> bytes:
    """Return a digit in blue ink on cream paper that grows darker to one side, as a JPEG of 12 megapixels."""
    ink = np.asarray(Image.fromarray(digit[..., 0]).resize((1800, 1800), Image.Resampling.BICUBIC), np.float32) / 255
    field = np.zeros((3000, 4000, 1), np.float32)
    field[600:2400, 1100:2900, 0] = ink
    paper, pen = np.array((236, 228, 205), np.float32), np.array((30, 40, 110), np.float32)
    light = np.linspace(1, 0.75, 4000, dtype=np.float32)[:, np.newaxis]
    noise = random.normal(0, 2, (3000, 4000, 1)).astype(np.float32)
    scene = (paper + (pen - paper) * field) * light + noise
    buffer = io.BytesIO()
    Image.fromarray(scene.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
