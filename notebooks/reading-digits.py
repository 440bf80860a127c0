# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: "1.3"
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Reading handwritten digits: from a drawing to an answer
#
# **The problem.** Somebody draws a digit: a few hundred thousand colored dots. A program must answer with one of ten classes,
# and say how sure it is. Nobody can write down the rule that tells a 4 from a 9, so the program has to *learn* it from examples.
#
# **The solution.** Two models learn from the same labeled images, and we compare them: a *linear model*, which gives each dot
# one weight per class, and a *convolutional neural network* (CNN), which first looks for strokes and corners. Both are built with
# [Keras](https://keras.io) on TensorFlow. Then we ask what most demonstrations leave out: is a model that is right on its test
# images also right on what *you* draw?
#
# Every claim below is followed by a cell that checks it with `assert`. If this notebook runs to its end, what it says is so.
#
# To run it yourself: `pip install "rabisco[train]" jupyter`, then open it with `jupyter lab`. In Colab, upload the file
# (*File → Upload notebook*) and begin with a cell `%pip install "rabisco[train]"`. It takes a few minutes on two processor cores.

# %%
import io
import os
import shutil
import tempfile
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow says much that is of no concern here

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from rabisco import data
from rabisco.evaluation import evaluate
from rabisco.explanation import explain
from rabisco.images import decode, prepare
from rabisco.inference import get_predictor
from rabisco.models import create_model
from rabisco.training import TrainingConfiguration, train

SHORT = os.environ.get("RABISCO_NOTEBOOK") == "short"  # the tests run it so: fewer images, fewer epochs
EPOCHS = 2 if SHORT else 4
keras.utils.set_random_seed(25)
assert keras.backend.backend() == "tensorflow" or "KERAS_BACKEND" in os.environ

# %% [markdown]
# ## 1. The data
#
# [MNIST](https://huggingface.co/datasets/ylecun/mnist) holds 70,000 digits written by clerks and pupils in the United States around 1990,
# scanned, cleaned, and brought to 28 × 28 pixels. It is not part of this notebook: the next cell downloads it once (11 MB), or
# reads it from the folder that `RABISCO_DATA_DIR` names. We take a part of it, so that training takes minutes.
#
# The images are divided into three *splits*:
#
# - **train**: the weights are fitted on these,
# - **validation**: every choice we make (how many epochs, which model) is made on these,
# - **test**: looked at once, at the end. A test split that choices were made on is no test any more.

# %%
dataset = data.load("digits") if SHORT else data.load("mnist", limit=12_000)
for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test)):
    print(f"{name:>10}: {len(split):6,} images {split.images.shape[1:]}, {split.images.dtype}")

assert dataset.image_shape == (28, 28, 1)
assert dataset.class_names == tuple("0123456789")
assert dataset.train.images.dtype == np.uint8

# %%
figure, axes = plt.subplots(4, 10, figsize=(9, 3.8))
for label in range(10):
    for row, index in enumerate(np.flatnonzero(dataset.train.labels == label)[:4]):
        axes[row, label].imshow(dataset.train.images[index, ..., 0], cmap="gray_r")
        axes[row, label].axis("off")
figure.suptitle("Four examples of each class")
plt.show()

counts = np.bincount(dataset.train.labels, minlength=10)
assert counts.min() > 0.6 * counts.max()  # no class is rare: accuracy is a fair measure

# %% [markdown]
# ## 2. A picture is a matrix
#
# To the program an image is a matrix of 28 rows and 28 columns. Each number, from 0 to 255, says how much ink lies on one spot.
# Nothing in it says "stroke" or "loop"; such things have to be found.

# %%
image = dataset.train.images[int(np.flatnonzero(dataset.train.labels == 3)[0]), ..., 0]
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), width_ratios=(1, 1.4))
left.imshow(image, cmap="gray_r")
right.imshow(np.ones_like(image), cmap="gray", vmin=0, vmax=1)
for (row, column), ink in np.ndenumerate(image):
    right.text(column, row, ink, ha="center", va="center", fontsize=5, color="black" if ink else "lightgrey")
for axis in (left, right):
    axis.axis("off")
figure.suptitle("The same 3, as we see it and as the program does")
plt.show()

assert image.shape == (28, 28)
assert 0 <= image.min() < image.max() <= 255

# %% [markdown]
# ## 3. The simplest model: one weight per pixel
#
# A **linear model** multiplies each pixel $x_i$ with a weight $w_{ik}$ for each class $k$, and adds them up:
#
# $$z_k = b_k + \sum_i w_{ik}\, x_i$$
#
# The ten sums $z_k$ are called **logits**. The **softmax** makes probabilities of them, all positive and adding up to 1:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# How wrong a model is on an image of class $y$ is measured by the **cross-entropy** $-\ln p_y$: 0 if it was certain and right, and
# the larger the surer it was of something else. The mean over many images is the **loss**, and learning means making it small.
#
# A model that knows nothing gives each of ten classes a probability of about 1/10, so its loss is about $\ln 10 = 2.303$.

# %%
images = dataset.train.images[:256].reshape(256, -1) / 255  # (256, 784), in [0, 1]
labels = dataset.train.labels[:256]


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))  # the same value, without overflow
    return shifted / shifted.sum(axis=1, keepdims=True)


def loss_of(weights, bias):
    probabilities = softmax(images @ weights + bias)
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


weights, bias = np.zeros((784, 10)), np.zeros(10)
print(f"loss before learning: {loss_of(weights, bias):.3f}")

assert np.allclose(softmax(np.array([[1.0, 2.0, 3.0]])).sum(), 1)
assert np.isclose(loss_of(weights, bias), np.log(10))
by_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, np.zeros((256, 10), "float32"))
assert np.isclose(float(by_keras), loss_of(weights, bias), atol=1e-5)  # Keras computes the same

# %% [markdown]
# ## 4. Learning is going downhill
#
# The loss is a function of the weights. Its **gradient** points to where it rises fastest, so a small step the other way makes it
# smaller: **gradient descent**. For softmax and cross-entropy the gradient is simple: what the model said, minus what was right.
#
# How long the step is, is the **learning rate**. Too small, and learning takes for ever. Too large, and each step leaps across
# the valley: the loss jumps about or grows.

# %%
wanted = np.eye(10)[labels]


def descend(learning_rate, steps=60):
    weights, bias, losses = np.zeros((784, 10)), np.zeros(10), []
    for _ in range(steps):
        losses.append(loss_of(weights, bias))
        error = (softmax(images @ weights + bias) - wanted) / len(images)
        weights = weights - learning_rate * images.T @ error
        bias = bias - learning_rate * error.sum(axis=0)
    return losses


paths = {rate: descend(rate) for rate in (0.001, 0.3, 8.0)}
for rate, losses in paths.items():
    plt.plot(losses, label=f"learning rate {rate}")
plt.ylim(0, 6)
plt.xlabel("step")
plt.ylabel("loss")
plt.title("Too small, right, too large")
plt.legend()
plt.show()

assert paths[0.3][-1] < paths[0.001][-1]  # too small: hardly moved
assert paths[0.3][-1] < 0.6
assert max(paths[8.0][1:]) > paths[8.0][0]  # too large: worse than knowing nothing

# The gradient is right: it is what we get by moving one weight a little.
moved = weights.copy()
moved[400, 3] = 1e-4
slope = (loss_of(moved, bias) - loss_of(weights, bias)) / 1e-4
assert np.isclose(slope, (images.T @ (softmax(images @ weights + bias) - wanted) / len(images))[400, 3], atol=1e-4)

# %% [markdown]
# ## 5. The linear model in Keras
#
# The package builds exactly this model. Keras takes the images in small **batches** of 128: a gradient of 128 images costs little
# and points roughly the right way. One pass over all training images is an **epoch**.

# %%
linear = create_model("linear", dataset.image_shape, dataset.num_classes)
linear.summary()
assert linear.count_params() == 784 * 10 + 10

linear_result = train(linear, dataset, TrainingConfiguration(epochs=2 * EPOCHS, warmup_epochs=0.5, weight_decay=0))
print(f"validation accuracy {linear_result.history[-1]['validation_accuracy']:.1%} in {linear_result.seconds:.0f} s")
assert linear_result.history[-1]["loss"] < np.log(10) / 2

# %% [markdown]
# What has it learned? Put back into a picture, the weights of a class show where ink speaks for it (red) and against it (blue).
# A linear model is a set of ten stencils. It cannot know that a 7 moved by three pixels is the same 7.

# %%
stencils = linear.get_layer("logits").kernel.numpy().reshape(28, 28, 10)
figure, axes = plt.subplots(1, 10, figsize=(12, 1.6))
for digit, axis in enumerate(axes):
    axis.imshow(stencils[..., digit], cmap="RdBu_r", vmin=-0.5, vmax=0.5)
    axis.set_title(digit)
    axis.axis("off")
plt.show()


def logits_of(model, images):
    batches = (images[start : start + 256] for start in range(0, len(images), 256))
    return np.concatenate([keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches])


def accuracy(model, images, labels):
    return float((logits_of(model, images).argmax(axis=1) == labels).mean())


moved = np.roll(dataset.validation.images, 5, axis=2)
still, shifted = (accuracy(linear, each, dataset.validation.labels) for each in (dataset.validation.images, moved))
print(f"linear model: {still:.1%} of the images as they are, {shifted:.1%} of them moved by five pixels")
assert shifted < still - 0.2

# %% [markdown]
# ## 6. Convolution, activation, pooling
#
# A **convolution** slides a small grid of weights (3 × 3) over the image and writes down, at each place, how well the patch below
# fits. The same nine weights are used everywhere, so a stroke is found wherever it is, and there is little to learn. The result
# is a **feature map**.
#
# The **activation** ReLU, $\max(0, x)$, follows: what fits counts, what does not is 0. Without something bent between them, two
# linear layers would be one linear layer. **Max pooling** then keeps the largest of each 2 × 2 block: half the width, half the
# height, and it no longer matters where exactly the stroke was.

# %%
horizontal = np.array([[-1, -1, -1], [2, 2, 2], [-1, -1, -1]], "float32")  # fits a horizontal stroke
vertical = horizontal.T
filters = np.stack([horizontal, vertical], axis=-1)[:, :, np.newaxis, :]  # (3, 3, 1, 2)


def feature_maps(image):
    return keras.ops.convert_to_numpy(
        keras.ops.conv(image[np.newaxis, ..., np.newaxis] / 255.0, filters, padding="same")
    )[0]


def pooled(maps):
    return maps.reshape(14, 2, 14, 2, -1).max(axis=(1, 3))


seven = dataset.train.images[int(np.flatnonzero(dataset.train.labels == 7)[1]), ..., 0].astype("float32")
maps = np.maximum(feature_maps(seven), 0)
small = pooled(maps)
figure, axes = plt.subplots(1, 5, figsize=(12, 2.8))
shown = {
    "image": seven, "horizontal strokes": maps[..., 0], "… pooled": small[..., 0],
    "vertical strokes": maps[..., 1], "… pooled ": small[..., 1],
}  # fmt: skip
for axis, (title, picture) in zip(axes, shown.items(), strict=True):
    axis.imshow(picture, cmap="gray_r")
    axis.set_title(title)
    axis.axis("off")
plt.show()

by_hand = sum(seven[10 + i, 10 + j] / 255 * horizontal[1 + i, 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1))
assert np.isclose(feature_maps(seven)[10, 10, 0], by_hand, atol=1e-4)  # a convolution is nothing but this sum
aside = np.roll(seven, 2, axis=1)
assert np.allclose(feature_maps(aside)[:, 4:-2], feature_maps(seven)[:, 2:-4], atol=1e-4)  # moved image, moved map
assert small.shape == (14, 14, 2)

# %% [markdown]
# ## 7. The network
#
# Stages of convolution, **batch normalization** and ReLU, each stage ending with pooling, then one dense layer that turns the last
# feature maps into ten logits. Scaling the pixels from 0…255 to 0…1 is the model's first layer: training and use cannot differ in
# it. There is no softmax at the end; the loss takes the logits, and so does the predictor.

# %%
cnn = create_model("cnn", dataset.image_shape, dataset.num_classes)
cnn.summary()

dense = cnn.get_layer("logits")
assert cnn.get_layer("conv2a_weights").count_params() == 3 * 3 * 32 * 64  # the same few weights everywhere
assert dense.count_params() == 3 * 3 * 128 * 10 + 10

# %% [markdown]
# The same as a picture. Each box is a layer, as wide as its number of channels and as high as its maps: images get smaller and
# deeper on their way. Where Graphviz is installed, [keras-visualizer](https://pypi.org/project/keras-visualizer/) draws the
# neurons as well.

# %%
shapes = [
    (layer.name, tuple(layer.output.shape[1:]))
    for layer in cnn.layers
    if layer.name in ("pixels", "logits", "features")
    or (layer.name.startswith(("stage", "conv")) and "_" not in layer.name)
]
figure, axis = plt.subplots(figsize=(12, 3.6))
place = 0.0
for name, shape in shapes:
    height, channels = (shape[0], shape[2]) if len(shape) == 3 else (30, 8)
    axis.add_patch(
        plt.Rectangle((place, -height / 2), channels / 8 + 1, height, facecolor="#7aa6c2", edgecolor="#1f4e6b")
    )
    axis.text(place + channels / 16, -20, f"{name}\n{' × '.join(map(str, shape))}", ha="center", va="top", fontsize=8)
    place += channels / 8 + 11
axis.set_xlim(-4, place)
axis.set_ylim(-30, 18)
axis.axis("off")
plt.show()

assert dict(shapes)["stage1"] == (14, 14, 32)
assert dict(shapes)["stage3"] == (3, 3, 128)

# %%
if shutil.which("dot") and not SHORT:
    from keras_visualizer import visualizer

    drawable = keras.Sequential([
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(64, 3, activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Flatten(), keras.layers.Dense(10),
    ])  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        visualizer(drawable, file_name=f"{folder}/network", file_format="png")
        drawn = Image.open(f"{folder}/network.png").convert("L")
    drawn.thumbnail((900, 900))
    plt.figure(figsize=(9, 9 * drawn.height / drawn.width))
    plt.imshow(drawn, cmap="gray")
    plt.axis("off")
    plt.title("A network of the same kind, drawn by keras-visualizer")
    plt.show()

# %% [markdown]
# **Batch normalization** keeps the numbers inside the network in a good range: during training each feature map is shifted and
# scaled to mean 0 and variance 1 over the batch. In use there is no batch, so the layer remembers a running average. Keras's
# usual memory (momentum 0.99) is too long for short trainings; ours is 0.9.

# %%
layer = keras.layers.BatchNormalization(momentum=0.9)
values = np.random.default_rng(0).normal(5, 3, (512, 8)).astype("float32")
normalized = keras.ops.convert_to_numpy(layer(values, training=True))
assert np.allclose(normalized.mean(axis=0), 0, atol=1e-3)
assert np.allclose(normalized.std(axis=0), 1, atol=1e-2)
assert cnn.get_layer("stage1_normalized").momentum == 0.9

# %% [markdown]
# ## 8. Training
#
# A **learning-rate schedule** begins gently, takes long steps, and ends with short ones. After each epoch the **validation** split
# says how good the weights are; the best are kept.

# %%
configuration = TrainingConfiguration(
    epochs=EPOCHS + 1, batch_size=64, learning_rate=0.003, warmup_epochs=0.5, seed=25
)
rates = []
cnn_result = train(cnn, dataset, configuration, on_progress=lambda progress: rates.append(progress.learning_rate))
history = cnn_result.history
best = history[cnn_result.best_epoch - 1]
print(
    f"best epoch {cnn_result.best_epoch}: validation accuracy {best['validation_accuracy']:.1%}, {cnn_result.seconds:.0f} s"
)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3))
epochs = range(1, len(history) + 1)
for axis, name in ((left, "loss"), (middle, "accuracy")):
    axis.plot(epochs, [row[name] for row in history], "o-", label="training")
    axis.plot(epochs, [row[f"validation_{name}"] for row in history], "o-", label="validation")
    axis.set_xlabel("epoch")
    axis.set_title(name)
    axis.legend()
right.plot(rates)
right.set_xlabel("step")
right.set_title("learning rate")
plt.show()

assert best["validation_accuracy"] == max(row["validation_accuracy"] for row in history)
assert rates[0] < max(rates)  # it warms up
assert rates[-1] < 0.2 * max(rates)  # and slows down

# %% [markdown]
# ## 9. Overfitting and regularization
#
# A network with 290,000 weights can learn a few images by heart, whatever is on them. Then it is perfect on what it has seen
# and much worse on what it has not: **overfitting**. The gap between training and validation accuracy shows it, and that is what
# a validation split is for. More examples are the best cure. Where there are none, **regularization** helps: dropout (switching off
# random features while training), weight decay (keeping weights small), and augmentation (moving and turning the images).

# %%
count = 100 if SHORT else 200
few = replace(dataset, train=data.Split(dataset.train.images[:count], dataset.train.labels[:count]))
overfitted = create_model("cnn", few.image_shape, few.num_classes)
by_heart = TrainingConfiguration(epochs=25, batch_size=20, weight_decay=0, seed=25)
train(overfitted, few, by_heart)
seen = accuracy(overfitted, few.train.images, few.train.labels)
unseen = accuracy(overfitted, dataset.validation.images, dataset.validation.labels)
print(f"trained on {len(few.train)} images: {seen:.1%} of those, {unseen:.1%} of others")
print(f"trained on {len(dataset.train):,} images: {best['validation_accuracy']:.1%} of others")

assert seen > 0.98
assert seen - unseen > 0.02
assert best["validation_accuracy"] > unseen  # more examples closed the gap

# %% [markdown]
# ## 10. How good is it?
#
# All choices are made, so now we look at the test split. A single number hides how sure we may be of it: with $n$ images the 95%
# interval is given beside it. The **confusion matrix** says which digits are taken for which.

# %%


class Read:
    """What `evaluate` asks of a model: images in, logits out."""

    def __init__(self, model):
        self.model = model

    def logits(self, images):
        return logits_of(self.model, images)


results = {
    name: evaluate(Read(model), dataset.test, dataset.class_names)
    for name, model in (("linear", linear), ("cnn", cnn))
}
for name, result in results.items():
    low, high = result.accuracy_interval
    print(
        f"{name:>6}: accuracy {result.accuracy:.2%} (between {low:.2%} and {high:.2%}), ROC AUC {result.roc_auc:.4f}"
    )

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6))
for axis, (name, result) in zip(axes, results.items(), strict=True):
    matrix = np.array(result.confusion_matrix)
    axis.imshow(np.log1p(matrix), cmap="Blues")
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            axis.text(column, row, count, ha="center", va="center", fontsize=6)
    axis.set(title=name, xlabel="read as", ylabel="written", xticks=range(10), yticks=range(10))
plt.show()

assert results["cnn"].accuracy > results["linear"].accuracy
assert results["cnn"].accuracy > 0.95
assert results["cnn"].accuracy_interval[0] > results["linear"].accuracy_interval[1] or SHORT  # not by chance

# %% [markdown]
# Examples of the output: above what it read rightly, below where it was wrong, with the probability of its answer. Most mistakes
# are images that we would have to look at twice.

# %%
logits = logits_of(cnn, dataset.test.images)
probabilities = softmax(logits)
answers = probabilities.argmax(axis=1)
right_ones = np.flatnonzero(answers == dataset.test.labels)[:8]
wrong_ones = np.flatnonzero(answers != dataset.test.labels)[:8]
figure, axes = plt.subplots(2, 8, figsize=(12, 3.6))
for axis, index in zip(axes.flat, [*right_ones, *wrong_ones], strict=False):
    axis.imshow(dataset.test.images[index, ..., 0], cmap="gray_r")
    label, answer = dataset.test.labels[index], answers[index]
    axis.set_title(
        f"{label} read as {answer}\n{probabilities[index].max():.0%}",
        fontsize=8,
        color="green" if label == answer else "red",
    )
for axis in axes.flat:
    axis.axis("off")
plt.tight_layout()
plt.show()

assert (
    probabilities[right_ones].max(axis=1).mean() > probabilities[wrong_ones].max(axis=1).mean()
)  # less sure where wrong

# %% [markdown]
# ## 11. Two models side by side
#
# The CNN makes fewer mistakes; the linear model is smaller and learns in seconds. Which is better depends on what you need, so
# measure all of it.

# %%
print(f"{'':>8} {'weights':>9} {'training':>9} {'accuracy':>9} {'mistakes':>9}")
for name, model, seconds in (("linear", linear, linear_result.seconds), ("cnn", cnn, cnn_result.seconds)):
    result = results[name]
    mistakes = round((1 - result.accuracy) * result.examples)
    print(f"{name:>8} {model.count_params():>9,} {seconds:>7.1f} s {result.accuracy:>9.2%} {mistakes:>9,}")

assert linear.count_params() * 30 < cnn.count_params()
moved_cnn = accuracy(cnn, np.roll(dataset.validation.images, 2, axis=2), dataset.validation.labels)
moved_linear = accuracy(linear, np.roll(dataset.validation.images, 2, axis=2), dataset.validation.labels)
assert moved_cnn > moved_linear  # what convolution and pooling are for

# %% [markdown]
# ## 12. The seam: is it right on what you draw?
#
# A drawing pad does not deliver centered 28 × 28 images. Let us put test images anywhere on a canvas of 280 × 280, in any size, as
# people draw, and read them in two ways: shrink the canvas to 28 × 28, as many demonstrations do; or bring the ink into the shape
# that the training images had (find it, fit it into 20 × 20, put its center of mass in the middle), as `rabisco.images` does.

# %%
random = np.random.default_rng(25)
chosen = random.choice(len(dataset.test), 100 if SHORT else 400, replace=False)


def drawn(pixels):
    """Return an image as somebody might draw it: black on white, 280 × 280, anywhere and of any size."""
    side = int(random.integers(90, 200))
    ink = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
    canvas = np.full((280, 280), 255, np.uint8)
    top, left = random.integers(0, 280 - side, 2)
    canvas[top : top + side, left : left + side] = 255 - ink
    return np.repeat(canvas[..., np.newaxis], 3, axis=2)  # RGB, as `decode` returns it


canvases = [drawn(dataset.test.images[index, ..., 0]) for index in chosen]
shrunk = np.stack(
    [255 - np.asarray(Image.fromarray(canvas).convert("L").resize((28, 28)))[..., np.newaxis] for canvas in canvases]
)
normalized = np.stack([prepare(canvas, "mnist@1").pixels for canvas in canvases])
labels = dataset.test.labels[chosen]
for name, model in (("linear", linear), ("cnn", cnn)):
    print(
        f"{name:>6}: {accuracy(model, shrunk, labels):6.1%} shrunk, {accuracy(model, normalized, labels):6.1%} prepared"
    )

figure, axes = plt.subplots(3, 8, figsize=(11, 4.4))
for column in range(8):
    for row, picture in enumerate((canvases[column], shrunk[column, ..., 0], normalized[column, ..., 0])):
        axes[row, column].imshow(picture, cmap="gray" if row == 0 else "gray_r")
        axes[row, column].set(xticks=[], yticks=[])
for row, name in enumerate(("drawn", "shrunk", "prepared")):
    axes[row, 0].set_ylabel(name)
plt.show()

for model in (linear, cnn):
    assert accuracy(model, normalized, labels) > accuracy(model, shrunk, labels) + 0.2
assert accuracy(linear, normalized, labels) > accuracy(
    cnn, shrunk, labels
)  # the seam decides more than the model does

# %% [markdown]
# ## 13. The whole way, with the model that comes along
#
# `get_predictor` loads a trained model without TensorFlow and does all of it: decode, find the ink, prepare, logits, probabilities,
# and whether it had better not answer at all.

# %%
predictor = get_predictor("mnist-cnn")
canvas = canvases[0]
prediction = predictor.predict(canvas)
print(prediction.best, prediction.refused)

figure, axes = plt.subplots(1, 6, figsize=(12, 2.4))
axes[0].imshow(canvas)
axes[0].set_title("drawn")
for axis, step in zip(axes[1:5], prediction.prepared.steps, strict=True):
    axis.imshow(step.picture, cmap="gray")
    axis.set_title(step.name)
axes[5].imshow(explain(predictor, canvas).importance, cmap="RdBu_r")
axes[5].set_title("what mattered")
for axis in axes:
    axis.axis("off")
plt.show()

assert prediction.best.category == dataset.class_names[labels[0]]
assert np.isclose(predictor.probabilities(prediction.prepared.pixels[np.newaxis]).sum(), 1, atol=1e-5)

# %%
scribble = np.full((280, 280, 3), 255, np.uint8)
for _ in range(60):
    row, column = random.integers(20, 250, 2)
    scribble[row : row + 5, column : column + 30] = 0
refused = predictor.predict(scribble)
print("refused:", refused.refused)
assert refused.refused is not None  # no digit: it says so, instead of guessing

file = io.BytesIO()
Image.fromarray(canvas).save(file, "PNG")
assert np.array_equal(decode(file.getvalue()), canvas)  # a file is read like a drawing

# %% [markdown]
# ## What follows
#
# - Draw yourself: `rabisco serve`, then <http://127.0.0.1:3000>. The page shows the steps of section 13 for your own drawing.
# - Train on your own data: the page *Train* takes a CSV file or a zip of pictures; `rabisco train mnist-cnn` trains the network that
#   comes along, with all of MNIST, augmentation and more epochs.
# - Try: replace `"cnn"` with `"cnn-tiny"` in section 7. How many weights does it have, and how many more mistakes does it make?
# - Try: give `TrainingConfiguration` an `augmentation=Augmentation()` (from `rabisco.training.augment`) in section 9. Does the gap close?
# - Read on: [how the pictures are prepared](../docs/decisions/0002-ink-before-geometry.md),
#   [how a model learns to refuse](../docs/decisions/0011-learning-to-refuse.md), [what was measured](../docs/measurements.md).
