"""Pictures of an evaluation: confusion matrix, learning curves, reliability diagram.

Each function returns the bytes of a PNG file. Colors are told apart by color-blind readers and on a gray
printout: lightness carries the meaning, lines differ in style. matplotlib is imported when the first plot is drawn,
and only its figure objects are used: nothing global changes, so a web server may draw from several threads.
"""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rabisco.errors import InvalidDataError, MissingExtraError
from rabisco.evaluation.calibration import ReliabilityBin
from rabisco.evaluation.metrics import Evaluation
from rabisco.settings import settle_libraries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, https://jfly.uni-koeln.de/color/
_BLUE, _ORANGE, _GRAY = "#0072b2", "#d55e00", "#6b6b6b"
_MARKERS = "osv^D*PX<>"
_NAMES_FIT = 12  # trainings up to which a legend fits beside their curves
_NUMBERS_FIT = 15  # classes up to which a count fits into its cell


def plot_confusion_matrix(evaluation: Evaluation, title: str = "") -> bytes:
    """Draw a confusion matrix; color shows the fraction of the true class's examples.

    Up to 15 classes the counts stand in the cells; above that the cells are left to their color. The scale is that
    of a square root, so that a confusion of 1% is seen beside a diagonal of 99%.

    Args:
        evaluation: Whose confusion matrix is drawn.
        title: Stands above it.
    """
    counts = np.array(evaluation.confusion_matrix)
    names = [score.category for score in evaluation.classes]
    side = max(5.0, 0.24 * len(names))
    figure = _figure(side + 1.0, side)
    axes = figure.subplots()
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    picture = axes.imshow(np.sqrt(fractions), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="read as", ylabel="true class", title=title)
    bar = figure.colorbar(picture, ax=axes, shrink=0.8, ticks=np.sqrt([0, 0.01, 0.05, 0.2, 0.5, 1]))
    bar.ax.set_yticklabels(["0", "1%", "5%", "20%", "50%", "100%"])
    if len(names) <= _NUMBERS_FIT:
        _write_counts(axes, counts, fractions)
    else:
        edges = np.arange(1, len(names)) - 0.5
        axes.hlines(edges, -0.5, len(names) - 0.5, color="#d0d0d0", linewidth=0.3)
        axes.vlines(edges, -0.5, len(names) - 0.5, color="#d0d0d0", linewidth=0.3)
    return _file(figure)


def plot_learning_curves(history: Sequence[Mapping[str, float]], title: str = "") -> bytes:
    """Draw loss and accuracy over the epochs, training beside validation, the highest validation accuracy marked.

    Args:
        history: One row per epoch, with ``loss`` and ``accuracy`` and, where there is validation,
            ``validation_loss`` and ``validation_accuracy``.
        title: Stands above them.

    Raises:
        InvalidDataError: There is no epoch to draw.
    """
    if not history:
        raise InvalidDataError("learning curves need at least one epoch; received none. Train the model first")
    figure = _figure(10.0, 4.0)
    left, right = figure.subplots(1, 2)
    figure.suptitle(title)
    _draw_curves(left, history, "loss")
    _draw_curves(right, history, "accuracy")
    if all("validation_accuracy" in row for row in history):
        highest = 1 + int(np.argmax([row["validation_accuracy"] for row in history]))
        for axes in (left, right):
            axes.axvline(highest, color=_GRAY, linewidth=0.8, linestyle=":")
        right.annotate(f"highest: epoch {highest}", (highest, 0.02), xycoords=("data", "axes fraction"), color=_GRAY)
    return _file(figure)


def plot_reliability(reliability: Sequence[ReliabilityBin], title: str = "") -> bytes:
    """Draw accuracy against confidence, and below it how many answers have that confidence.

    Args:
        reliability: The bins, as ``Evaluation.reliability`` has them.
        title: Stands above it.
    """
    figure = _figure(5.0, 6.0)
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1))
    figure.suptitle(title)
    filled = [row for row in reliability if row.count]
    upper.plot([0, 1], [0, 1], color=_GRAY, linestyle="--", linewidth=1, label="perfect")
    confidences, accuracies = [row.confidence for row in filled], [row.accuracy for row in filled]
    upper.plot(confidences, accuracies, "o-", color=_BLUE, label="model")
    upper.set(xlim=(0, 1.02), ylim=(0, 1.02), ylabel="accuracy")
    upper.legend(loc="upper left", frameon=False)
    centers = [(row.low + row.high) / 2 for row in reliability]
    widths = [0.9 * (row.high - row.low) for row in reliability]
    lower.bar(centers, [row.count for row in reliability], widths, color=_BLUE)
    lower.set(xlim=(0, 1.02), xlabel="confidence", ylabel="answers")
    lower.set_yscale("symlog", linthresh=1)
    return _file(figure)


def plot_report(
    accuracies: Sequence[tuple[str, tuple[float, float, float]]],
    matrices: Sequence[tuple[str, Sequence[str], Sequence[Sequence[int]]]],
    title: str = "",
) -> bytes:
    """Draw the accuracies of models with their intervals, and their confusion matrices below.

    Args:
        accuracies: Name, accuracy and the ends of its interval of each model.
        matrices: Name, class names and counts, ``(classes, classes)``, of each model that has them.
        title: Stands above them.
    """
    columns = max(1, len(matrices))
    figure = _figure(5.2 * columns, 1.0 + 0.5 * len(accuracies) + (5.2 if matrices else 0))
    figure.suptitle(title)
    parts = figure.subfigures(2 if matrices else 1, 1, squeeze=False, height_ratios=[1, 4] if matrices else [1])[:, 0]
    axes = parts[0].subplots()
    for place, (name, (accuracy, low, high)) in enumerate(accuracies):
        ends = [[accuracy - low], [high - accuracy]]
        axes.errorbar(accuracy, name, xerr=ends, fmt="o", color=f"C{place}", capsize=4)
    axes.set(xlabel="accuracy, 95% interval")
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", color="#e5e5e5")
    if matrices:
        for grid, (name, names, counts) in zip(parts[1].subplots(1, columns, squeeze=False)[0], matrices, strict=True):
            table = np.array(counts)
            fractions = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
            grid.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
            grid.set(title=name, xlabel="answer", ylabel="true class")
            grid.set_xticks(range(len(names)), names, fontsize=7, rotation=90 if max(map(len, names)) > 3 else 0)
            grid.set_yticks(range(len(names)), names, fontsize=7)
            if len(names) <= _NUMBERS_FIT:
                _write_counts(grid, table, fractions)
    return _file(figure)


def plot_sweep(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> bytes:
    """Draw the validation accuracy of several trainings over their epochs, each with a marker of its own.

    Args:
        histories: By what each is called, its rows; see ``plot_learning_curves``.
    """
    figure = _figure(7.0, 4.5)
    axes = figure.subplots()
    for place, (name, history) in enumerate(histories.items()):
        epochs, accuracies = zip(*((row["epoch"], row["validation_accuracy"]) for row in history), strict=True)
        shade, marker = str(0.65 * place / max(len(histories) - 1, 1)), _MARKERS[place % len(_MARKERS)]
        axes.plot(epochs, accuracies, marker=marker, color=shade, label=name)
    axes.set(xlabel="epoch", ylabel="validation accuracy")
    if len(histories) <= _NAMES_FIT:
        axes.legend(fontsize="small")
    return _file(figure)


def plot_parallel(settings: Sequence[Mapping[str, object]], accuracies: Sequence[float]) -> bytes:
    """Draw trainings as lines across their settings to the accuracy that each came to, the better the darker.

    Args:
        settings: Of each training, by name; the same names in all.
        accuracies: On the validation images, in [0, 1].
    """
    names = list(settings[0])
    values = {name: sorted({one[name] for one in settings}, key=_numbers_first) for name in names}
    low, high = min(accuracies), max(accuracies)
    heights = [(one - low) / (high - low) if high > low else 0.5 for one in accuracies]
    figure = _figure(1.8 * (len(names) + 1), 4.5)
    axes = figure.subplots()
    for row, height in sorted(zip(settings, heights, strict=True), key=lambda pair: pair[1]):
        places = [_place(values[name].index(row[name]), len(values[name])) for name in names]
        axes.plot(range(len(names) + 1), [*places, height], color=str(0.85 * (1 - height)), marker="o", markersize=3)
    for at, name in enumerate(names):
        for rank, value in enumerate(values[name]):
            text = f"{value:g}" if isinstance(value, float) else str(value)
            _label(axes, text, at, _place(rank, len(values[name])))
    for accuracy, height in ((low, 0.0), (high, 1.0)) if high > low else ((low, 0.5),):
        _label(axes, f"{accuracy:.1%}", len(names), height)
    axes.set_xticks(range(len(names) + 1), [*names, "validation\naccuracy"])
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(names) + 0.35)
    axes.grid(visible=True, axis="x", color="#b0b0b0")
    return _file(figure)


def _label(axes: "Axes", text: str, across: float, height: float) -> None:
    back = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
    axes.annotate(text, (across, height), (6, 0), textcoords="offset points", fontsize=8, va="center", bbox=back)


def _numbers_first(value: object) -> tuple[bool, object]:
    return (False, value) if isinstance(value, (int, float)) else (True, str(value))


def _place(rank: int, count: int) -> float:
    return rank / (count - 1) if count > 1 else 0.5


def _draw_curves(axes: "Axes", history: Sequence[Mapping[str, float]], name: str) -> None:
    epochs = range(1, len(history) + 1)
    axes.plot(epochs, [row[name] for row in history], color=_ORANGE, linestyle="--", label="training")
    validation = [row[f"validation_{name}"] for row in history if f"validation_{name}" in row]
    if len(validation) == len(history):
        axes.plot(epochs, validation, color=_BLUE, marker=".", label="validation")
    axes.set(xlabel="epoch", ylabel=name)
    axes.locator_params(axis="x", integer=True)
    axes.grid(visible=True, color="#e5e5e5")
    axes.legend(frameon=False)


def _write_counts(axes: "Axes", counts: np.ndarray, fractions: np.ndarray) -> None:
    for row, column in np.argwhere(counts):
        color = "white" if fractions[row, column] > 0.4 else "black"
        text = f"{counts[row, column]:,}"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)


def _figure(width: float, height: float) -> "Figure":
    settle_libraries()
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "plots need matplotlib, which is not installed; install the training extra: pip install rabisco[train]"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def _file(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144)
    return buffer.getvalue()
