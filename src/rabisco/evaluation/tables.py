"""Evaluations and comparisons as tables: for a terminal (rich) and for a document (Markdown)."""

from collections.abc import Sequence

from rich.table import Table

from rabisco.evaluation.compare import Comparison, Pair, Row
from rabisco.evaluation.metrics import Averages, Evaluation

MISSING = "–"


def comparison_table(comparison: Comparison) -> Table:
    """Return a comparison as a table for the terminal, the accuracy with its error bar, the tests below it."""
    table = Table(title=_comparison_title(comparison), caption="\n".join(comparison_notes(comparison)))
    low = min(row.accuracy_interval[0] for row in comparison.rows)
    high = max(row.accuracy_interval[1] for row in comparison.rows)
    table.add_column("")
    for row in comparison.rows:
        table.add_column(row.name, justify="right")
    bars = [error_bar(row.accuracy, row.accuracy_interval, low, high) for row in comparison.rows]
    for figure, cells in _cells(comparison):
        table.add_row(figure, *cells)
        if figure == "95% interval":
            table.add_row(f"from {_percent(low)} to {_percent(high)}", *bars)
    return table


def comparison_markdown(comparison: Comparison) -> str:
    """Return a comparison as a Markdown table, the tests of each pair below it."""
    rows = [[figure, *cells] for figure, cells in _cells(comparison)]
    columns = ["", *(row.name for row in comparison.rows)]
    notes = "\n".join(f"{note}  " for note in comparison_notes(comparison))
    return f"{markdown_table(columns, rows)}\n\n{_comparison_title(comparison)}.  \n{notes.rstrip()}\n"


def comparison_notes(comparison: Comparison) -> list[str]:
    """Return one sentence per pair of models: do they differ?"""
    return [_pair_sentence(pair) for pair in comparison.pairs]


def evaluation_table(evaluation: Evaluation, title: str = "") -> Table:
    """Return the figures of an evaluation as a table for the terminal, the top confusions below it."""
    table = Table(title=title or None, caption=_confusion_sentence(evaluation), show_header=False)
    low, high = evaluation.accuracy_interval
    table.add_row("Examples", f"{evaluation.examples:,}")
    table.add_row("Accuracy", f"{_percent(evaluation.accuracy)} (95%: {_percent(low)} – {_percent(high)})")
    table.add_row("Among the first 3, the first 5", f"{_percent(evaluation.top_3)}, {_percent(evaluation.top_5)}")
    table.add_row("Precision, recall, F1, macro", _averages(evaluation.macro))
    table.add_row("Precision, recall, F1, weighted", _averages(evaluation.weighted))
    table.add_row("Loss (log loss)", f"{evaluation.loss:.4f}")
    table.add_row("Brier score", f"{evaluation.brier:.4f}")
    table.add_row("ROC AUC, macro one-vs-rest", f"{evaluation.roc_auc:.5f}")
    table.add_row("Average precision, macro", f"{evaluation.average_precision:.5f}")
    table.add_row("Calibration error", _percent(evaluation.calibration_error))
    table.add_row("Calibration error, adaptive", _percent(evaluation.adaptive_calibration_error))
    return table


def class_table(evaluation: Evaluation) -> Table:
    """Return precision, recall and F1 of each class as a table for the terminal."""
    table = Table("Class")
    for column in ("Precision", "Recall", "F1", "ROC AUC", "Average precision", "Examples"):
        table.add_column(column, justify="right")
    for score in evaluation.classes:
        figures = map(_percent, (score.precision, score.recall, score.f1))
        areas = (MISSING if area is None else f"{area:.5f}" for area in (score.roc_auc, score.average_precision))
        table.add_row(score.category, *figures, *areas, str(score.support))
    return table


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; every column but the first is aligned to the right."""
    marks = [":--", *["--:"] * (len(columns) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, marks, *rows))


def error_bar(value: float, interval: tuple[float, float], low: float, high: float, width: int = 24) -> str:
    """Return an interval drawn in ``width`` characters between ``low`` and ``high``, as ``  ├──●─┤   ``."""
    scale = (width - 1) / max(high - low, 1e-12)
    start, middle, end = (min(width - 1, max(0, round((x - low) * scale))) for x in (interval[0], value, interval[1]))
    cells = [" "] * width
    cells[start : end + 1] = ["─"] * (end + 1 - start)
    cells[start], cells[end], cells[middle] = "├", "┤", "●"
    return "".join(cells)


def _comparison_title(comparison: Comparison) -> str:
    of = f" of {comparison.dataset}" if comparison.dataset else ""
    return (
        f"{comparison.examples:,} images{of}; times per image, in batches of {comparison.batch_size}, "
        f"ratios against {comparison.rows[0].name} in the same run"
    )


def _cells(comparison: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    """Return each figure that was measured of a model, and what it is for each."""
    columns = [_column(row) for row in comparison.rows]
    rows = [(figure, tuple(column[figure] for column in columns)) for figure in columns[0]]
    return [(figure, cells) for figure, cells in rows if set(cells) != {MISSING}]


def _column(row: Row) -> dict[str, str]:
    low, high = row.accuracy_interval
    return {
        "Accuracy": _percent(row.accuracy),
        "95% interval": f"{_percent(low)} – {_percent(high)}",
        "Training time": f"{row.training_seconds:,.1f} s",
        "One image, median": f"{row.single.median_ms:.3f} ms",
        "One image, p95": f"{row.single.p95_ms:.3f} ms",
        "One image, ratio": f"{row.single.ratio:.2f} ×",
        "In batches, median": f"{row.batched.median_ms:.3f} ms",
        "In batches, p95": f"{row.batched.p95_ms:.3f} ms",
        "In batches, ratio": f"{row.batched.ratio:.2f} ×",
        "Weights": f"{row.parameters:,}",
        "pesos.h5": _kilobytes(row.weights_bytes),
        "model.onnx": _kilobytes(row.onnx_bytes),
        "Multiply-adds per image": MISSING if row.multiply_adds is None else f"{row.multiply_adds:,}",
        "Time to load": MISSING if row.load_ms is None else f"{row.load_ms:,.1f} ms",
        "Memory": MISSING if row.memory_bytes is None else _kilobytes(row.memory_bytes),
    }


def _pair_sentence(pair: Pair) -> str:
    verdict = "they differ" if pair.p_value < 0.05 else "no difference is shown"
    p_value = "p < 0.0001" if pair.p_value < 0.0001 else f"p = {pair.p_value:.4f}"
    return (
        f"Only {pair.first} reads {pair.only_first:,} images, only {pair.second} reads {pair.only_second:,}: "
        f"McNemar's exact test gives {p_value}, {verdict}."
    )


def _averages(found: Averages) -> str:
    return ", ".join(map(_percent, (found.precision, found.recall, found.f1)))


def _confusion_sentence(evaluation: Evaluation) -> str:
    if not evaluation.top_confusions:
        return "No mistakes."
    named = (f"{one.category} read as {one.read_as} {one.count}×" for one in evaluation.top_confusions[:5])
    return f"Most frequent mistakes: {', '.join(named)}."


def _percent(fraction: float) -> str:
    return f"{fraction:.2%}"


def _kilobytes(size: int) -> str:
    return f"{size / 1000:,.0f} kB"
