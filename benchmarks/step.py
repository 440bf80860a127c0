"""Changing the images takes less than 5% of a training step of `mnist-cnn`; one of the preset *fast* takes half of it.

Real trainings on MNIST in batches of 128: before (the commit ``BEFORE``, out of the history), now, and as the preset
*fast* trains, by turns, each in a process of its own. A part is the processor time, of all threads, that it adds to
the parts before it: images as they are drawn from the batches; then the network's forward way, the backward way, and
the optimizer with loss and accuracy; what is left of a step of the whole training is Keras's loop and our reports.
Processor time counts other work on the machine as little as it can.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from benchmarks import ROOT, spread
from rabisco.evaluation.tables import markdown_table

BEFORE = "9f89eb5^"  # the parent of the commit that changes images in NumPy
ROUNDS = 3
STEPS = 20  # measured in each round, after one that is not
PICTURE = ROOT / "docs" / "pictures" / "training-step.svg"
TITLES = {"before": "Before", "now": "Now", "fast": "Preset *fast*"}
PARTS = {
    "images": "Images drawn and changed",
    "forward": "Network, forward",
    "backward": "Network, backward",
    "optimizer": "Optimizer, loss, accuracy",
    "loop": "Loop and reports",
}
COLORS = ("#2f3fd6", "#7f8cf0", "#b9c1f8", "#f2c230", "#9a9aa8")

PROGRAM = """
import json, math, sys, time
import numpy as np
from dataclasses import replace
from rabisco.models.backend import start_keras
start_keras()
import keras, tensorflow as tf
from rabisco import data
from rabisco.data.dataset import Split
from rabisco.models import create_model
from rabisco.recipes import get_recipe
from rabisco.training import batches as module, train
from rabisco.training.schedule import create_optimizer

steps = int(sys.argv[1])
recipe = get_recipe("mnist-cnn")
if sys.argv[2] == "fast":
    from rabisco.runs import RunRequest
    from rabisco.runs.resolving import check
    recipe = check(RunRequest.parse({"data": {"recipe": recipe.name}, "artifact": "quick", "preset": "fast"}))
whole = data.load("mnist")
configuration = replace(recipe.configuration, epochs=3, cooldown_epochs=0) if hasattr(
    recipe.configuration, "cooldown_epochs") else replace(recipe.configuration, epochs=3, settle_epochs=0)
size = configuration.batch_size
count = size * (steps + 1)
few = Split(whole.validation.images[:size], whole.validation.labels[:size])
dataset = replace(whole, train=Split(whole.train.images[:count], whole.train.labels[:count]), validation=few)
changes = configuration.augmentation

def each(act, items):
    act(items[0])
    started = time.process_time()
    for one in items[1:]:
        act(one)
    return (time.process_time() - started) * 1000 / (len(items) - 1)

try:
    drawn = module.create_batches(dataset.train, 10, size, configuration.seed, augmentation=changes)
    layer = None
except TypeError:  # before, a layer of the model changed the images
    from rabisco.training.augment import create_layer
    drawn = module.create_batches(dataset.train, 10, size, configuration.seed)
    layer = create_layer(changes, configuration.seed)
found, kept = {}, []
found["images"] = each(lambda index: kept.append(drawn[index]), range(len(drawn)))
if layer is not None:
    change = tf.function(lambda images: layer(images, training=True))
    found["images"] += each(lambda pair: change(tf.constant(pair[0])).numpy(), kept)
model = create_model(recipe.architecture, dataset.image_shape, dataset.num_classes)
loss = keras.losses.CategoricalCrossentropy(from_logits=True)
forward = tf.function(lambda images, wanted: loss(wanted, model(images, training=True)))

@tf.function
def both(images, wanted):
    with tf.GradientTape() as tape:
        value = loss(wanted, model(images, training=True))
    return tape.gradient(value, model.trainable_variables)

tensors = [(tf.constant(images), tf.constant(wanted)) for images, wanted in kept]
found["forward"] = each(lambda pair: forward(*pair).numpy(), tensors)
found["backward"] = each(lambda pair: both(*pair)[-1].numpy(), tensors) - found["forward"]
model.compile(optimizer=create_optimizer(configuration, steps + 1), loss=loss, metrics=["accuracy"])
step = model.make_train_function() or model.train_function
whole_step = each(lambda pair: step(iter([pair])), tensors)
found["optimizer"] = whole_step - found["forward"] - found["backward"]
marks = []
model = create_model(recipe.architecture, dataset.image_shape, dataset.num_classes)
told = lambda progress: marks.append((progress.epoch, progress.step, time.process_time()))
train(model, dataset, configuration, told)
times = {(epoch, number): moment for epoch, number, moment in reversed(marks)}
taken = [times[epoch, steps + 1] - times[epoch, 1] for epoch in (2, 3)]
found["all"] = sum(taken) * 1000 / (2 * steps)
found["loop"] = found["all"] - found["images"] - whole_step
print(json.dumps(found))
"""


def run() -> dict[str, Any]:
    """Measure both, by turns, and draw the picture."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.check_output(["git", "archive", BEFORE, "src"], cwd=ROOT)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        sources = {"before": Path(folder) / "src", "now": ROOT / "src", "fast": ROOT / "src"}
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
        for number in range(ROUNDS):
            for name in list(sources)[:: 1 if number % 2 else -1]:
                rounds[name].append(_measured(sources[name], name))
    found: dict[str, Any] = {
        name: {part: spread([one[part] for one in each]) for part in (*PARTS, "all")} for name, each in rounds.items()
    }
    ratios = [now["all"] / before["all"] for now, before in zip(rounds["now"], rounds["before"], strict=True)]
    result = {"n": ROUNDS, "steps": STEPS, "before_commit": BEFORE, **found, "ratio": spread(ratios)}
    PICTURE.write_text(picture(result), encoding="utf-8")
    return result


def table(result: dict[str, Any]) -> str:
    """Return the medians of each part, before and now, as a Markdown table."""
    rows = [
        (title, *(f"{result[name][part]['median']:.1f} ms" for name in TITLES))
        for part, title in (*PARTS.items(), ("all", "A step of 128 images"))
    ]
    ratio = result["ratio"]
    text = markdown_table(("Processor time of a training step", *TITLES.values()), rows)
    told = f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f} in {result['n']} rounds)"
    return f"{text}\n\nNow against before: {told}."


def picture(result: dict[str, Any]) -> str:
    """Return both steps as bars of their parts, SVG."""
    medians = {name: {part: max(result[name][part]["median"], 0.0) for part in PARTS} for name in TITLES}
    scale = 530 / max(sum(parts.values()) for parts in medians.values())
    shapes = []
    for row, (name, parts) in enumerate(medians.items()):
        left, top, title = 110.0, 20 + 60 * row, TITLES[name].replace("*", "")
        shapes.append(f'<text x="0" y="{top + 25}">{TITLES[name].replace("*", "")}</text>')
        for color, value in zip(COLORS, parts.values(), strict=True):
            shapes.append(f'<rect x="{left:.1f}" y="{top}" width="{value * scale:.1f}" height="38" fill="{color}"/>')
            left += value * scale
        shapes.append(f'<text x="{left + 8:.1f}" y="{top + 25}">{sum(parts.values()):.0f} ms</text>')
    for place, (color, (part, title)) in enumerate(zip(COLORS, PARTS.items(), strict=True)):
        left, top = 110 + 320 * (place % 2), 210 + 26 * (place // 2)
        words = f"{title}: {', '.join(f'{parts[part]:.1f}' for parts in medians.values())} ms"
        shapes.append(f'<rect x="{left}" y="{top}" width="14" height="14" fill="{color}"/>')
        shapes.append(f'<text x="{left + 22}" y="{top + 12}">{escape(words)}</text>')
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 296" font-family="sans-serif" font-size="14">'
    title = "<title>Processor time of a training step of 128 images, by part</title>"
    return "\n".join([head, title, '<rect width="740" height="296" fill="#ffffff"/>', *shapes, "</svg>"]) + "\n"


def _measured(source: Path, name: str) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(source), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", PROGRAM, str(STEPS), name]
    said = subprocess.check_output(command, env=environment, cwd=tempfile.gettempdir(), text=True)
    found: dict[str, float] = json.loads(said.strip().splitlines()[-1])
    return found
