"""The output: rows that are appended in whole batches, and a journal that says how many of them count.

Whatever ends the process, the journal was written after the rows that it counts. What stands behind them is cut off
when the reading goes on, so that nothing is answered twice and nothing is left out.
"""

import hashlib
import json
import os
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any, Self

from rabisco.artifacts.durable import sync, try_lock, write_whole
from rabisco.bulk.answers import ONE, TEXT, Form, cell
from rabisco.bulk.sources import PictureSource, parquet
from rabisco.errors import InvalidConfigurationError, InvalidDataError, InvalidRequestError, RunConflictError

COMMIT_SECONDS = 1.0  # between two entries of the journal; so much is read again after a kill
PARQUET_ROWS = 10_000  # in a group
_FORMS: dict[str, Form] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class BulkTally:
    """How far a reading is, as its journal says it.

    Attributes:
        done: Pictures read, those that could not be read among them.
        bad: Those that could not be read.
        size: Bytes of the rows.
        errors_size: Bytes of the list of those that could not be read.
        digest: Of the names of those done, each hashed with what was before it.
        complete: Whether all are done and the output is whole.
    """

    done: int = 0
    bad: int = 0
    size: int = 0
    errors_size: int = 0
    digest: str = ""
    complete: bool = False


def errors_of(out: Path) -> Path:
    """Return where the files that could not be read are listed."""
    return out.with_name(f"{out.name}.errors.jsonl")


def journal_of(out: Path) -> Path:
    """Return where it is written how far the reading is."""
    return out.with_name(f"{out.name}.journal.json")


def form_of(out: Path) -> Form:
    """Return the form of an output by the end of its name.

    Raises:
        InvalidRequestError: It has none.
    """
    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise InvalidRequestError(f"expected OUT to end in .jsonl, .csv or .parquet. Received: {out.name}")
    return form


def begun_with(out: Path) -> str:
    """Return the model, with its version, that an output was begun with; nothing if there is none."""
    try:
        return str(json.loads(journal_of(out).read_text(encoding="utf-8"))["asked"]["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class Output:
    """The output of one reading, begun or gone on with; hold it with ``with``.

    Args:
        out: Where to; beside it lie the journal, the list of errors and, until a Parquet file is whole, its rows.
        asked: What the answers depend on; a reading goes on only where it is the same.

    Raises:
        InvalidRequestError: The name says no form, or the file is there without a journal.
        InvalidConfigurationError: What is there was asked for otherwise.
        RunConflictError: Another process writes to it.
    """

    def __init__(self, out: Path, asked: dict[str, Any]) -> None:
        self.out, self.form, self._asked = out, form_of(out), asked
        self.columns = TEXT if asked["many"] else ONE
        if self.form == "parquet":
            parquet()
        self._rows = out.with_name(f"{out.name}.rows.jsonl") if self.form == "parquet" else out
        self._files = ExitStack()
        self._committed = 0.0
        self.tally = self._begun()
        if self.tally.complete and self._rows != out:
            self._rows.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        lock = try_lock(self._rows)
        if lock is None:
            raise RunConflictError(f"another process writes to {self.out.name}; wait for it, or choose another name")
        self._files.callback(os.close, lock)
        self._rows_file = self._files.enter_context(self._rows.open("r+b", buffering=0))
        self._errors_file = self._files.enter_context(errors_of(self.out).open("ab", buffering=0))
        for file, size in ((self._rows_file, self.tally.size), (self._errors_file, self.tally.errors_size)):
            if os.fstat(file.fileno()).st_size < size:
                raise InvalidDataError(f"{self.out.name} is shorter than its journal says; delete both to begin anew")
            file.truncate(size)
            file.seek(size)
        if not self.tally.size and self.form == "csv":
            head = (",".join(self.columns) + "\n").encode()
            _write(self._rows_file, head)
            self.tally = replace(self.tally, size=len(head))
        self._commit(self.tally)
        self._committed = 0.0  # what comes first is counted at once
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self.tally.complete:
                self._commit(self.tally)
        finally:
            self._files.close()

    def _begun(self) -> BulkTally:
        journal = journal_of(self.out)
        if not journal.exists():
            if self.out.exists():
                raise InvalidRequestError(f"{self.out} is there already; choose another name, or delete it")
            return BulkTally()
        try:
            told = json.loads(journal.read_text(encoding="utf-8"))
            before, tally = told["asked"], BulkTally(**told["tally"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidDataError(
                f"{journal.name} is damaged; delete it and {self.out.name} to begin anew"
            ) from error
        if changed := [name for name in self._asked if before.get(name) != self._asked[name]]:
            raise InvalidConfigurationError(
                f"{self.out.name} was begun with another {' and '.join(changed)}; choose another name, or delete it "
                f"and {journal.name} to begin anew"
            )
        return tally

    def is_own(self, folder: str, name: str) -> bool:
        """Tell whether a file is part of the output, which may lie among the pictures."""
        own = (self.out, self._rows, errors_of(self.out), journal_of(self.out))
        return name in {path.name for path in own} and Path(folder).resolve() == self.out.parent.resolve()

    def pass_over(self, source: PictureSource) -> None:
        """Pass over what was done before.

        Raises:
            InvalidConfigurationError: The names are not those of before, so that it cannot be told what is missing.
        """
        if reduce(chained, (name for name, _ in islice(source.found, self.tally.done)), "") != self.tally.digest:
            raise InvalidConfigurationError(
                f"the pictures are no longer those that {self.out.name} was begun with: their names have changed. Put "
                f"them back, or delete it and {journal_of(self.out).name} to begin anew"
            )

    def append(self, names: list[str], rows: bytes, errors: bytes, bad: int) -> None:
        """Append the rows of a batch; every second or so they are counted in the journal."""
        _write(self._rows_file, rows)
        _write(self._errors_file, errors)
        before = self.tally
        self.tally = BulkTally(
            before.done + len(names),
            before.bad + bad,
            before.size + len(rows),
            before.errors_size + len(errors),
            reduce(chained, names, before.digest),
        )
        if time.monotonic() - self._committed > COMMIT_SECONDS:
            self._commit(self.tally)

    def complete(self) -> None:
        """Make the output whole: every picture is read."""
        self._commit(self.tally)
        if self.form == "parquet":
            temporary = self.out.with_name(f".{self.out.name}.new")
            _to_parquet(self._rows, temporary, self.columns)
            sync(temporary)
            temporary.replace(self.out)
        self._commit(replace(self.tally, complete=True))
        if self.form == "parquet":
            self._rows.unlink()

    def _commit(self, tally: BulkTally) -> None:
        for file in (self._rows_file, self._errors_file):
            os.fsync(file.fileno())
        write_whole(journal_of(self.out), json.dumps({"asked": self._asked, "tally": asdict(tally)}, indent=1) + "\n")
        self.tally, self._committed = tally, time.monotonic()


def chained(digest: str, name: str) -> str:
    """Return the digest of the names up to ``name``, ``digest`` being that of those before it."""
    return hashlib.sha256(digest.encode() + name.encode("utf-8", "surrogatepass")).hexdigest()


def _write(file: Any, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _to_parquet(rows: Path, target: Path, columns: dict[str, str]) -> None:
    """Write rows that wait as JSON Lines as Parquet, some thousands at a time."""
    pyarrow = parquet()
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in columns.items()])
    with rows.open(encoding="utf-8") as lines, pyarrow.parquet.ParquetWriter(target, schema) as writer:
        while some := [json.loads(line) for line in islice(lines, PARQUET_ROWS)]:
            values = {name: [cell(row.get(name)) for row in some] for name in columns}
            writer.write_table(pyarrow.table(values, schema=schema))
