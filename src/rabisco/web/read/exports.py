"""What was read in uploaded pictures as files to save: CSV and JSON, as data URLs."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from rabisco.corrections import safe_cell
from rabisco.inference import Prediction

COLUMNS = ("picture", "model", "version", "category", "probability", "refused", "remembered")


def exports(rows: Iterable[tuple[str, Iterable[Prediction]]]) -> dict[str, str]:
    """Return ``csv`` and ``json``: one line for each picture and model.

    Args:
        rows: Name of each picture, and what each model read in it.
    """
    lines = [_line(name, one) for name, predictions in rows for one in predictions]
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    writer.writerows({column: safe_cell(line[column]) for column in COLUMNS} for line in lines)
    text = json.dumps(lines, ensure_ascii=False, indent=1)
    return {
        "csv": f"data:text/csv;charset=utf-8,{quote(table.getvalue())}",
        "json": f"data:application/json;charset=utf-8,{quote(text)}",
    }


def _line(name: str, read: Prediction) -> dict[str, Any]:
    answer = {**read.to_dict(), "picture": name, "refused": read.refused}
    return {column: answer[column] for column in COLUMNS}
