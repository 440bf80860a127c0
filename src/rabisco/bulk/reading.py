"""The reading itself: processes that each have a predictor of their own, and batches handed to them in order."""

import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from rabisco.bulk.answers import ONE, TEXT, Form, line_of, read_each, read_text
from rabisco.bulk.sources import MOST_BYTES, Content, PictureSource, UnreadableMemberError, open_source
from rabisco.bulk.writing import BulkTally, Output, begun_with
from rabisco.characters import Among
from rabisco.errors import InvalidRequestError, RabiscoError
from rabisco.inference import Predictor, get_predictor

PICTURES = 64  # of a batch
BATCH_BYTES = 16 << 20  # of the files in it, about
AHEAD = 3  # batches that wait or are read, for each process
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Member = tuple[str, Content | str]  # the name, and the path or bytes; or why there are none
Answer = tuple[bytes, bytes, int]  # rows, lines of errors, and how many these are


def read_bulk(
    source: Path,
    out: Path,
    model: str,
    *,
    top_k: int = 3,
    among: Among = "any",
    many: bool = False,
    processes: int | None = None,
    on_progress: Callable[[BulkTally, int | None], None] = lambda *_: None,
) -> BulkTally:
    """Read every picture of ``source`` into ``out``, and go on where an earlier call was ended, however it was.

    Each picture is answered once, or listed in ``errors_of(out)`` with the reason. The order is that of the source.
    Enough batches are in flight to keep every process busy. Memory does not grow with the number of pictures, except
    for the list of names in a folder or zip archive.

    Args:
        source: See ``open_source``.
        out: See ``Output``; JSON Lines, CSV or Parquet by the end of its name.
        model: Name of the artifact; its current version is kept to the end.
        top_k: Answers for each picture.
        among: What is expected to be written.
        many: Read every character of each picture.
        processes: As many as there are cores, if not given.
        on_progress: Is told, after each batch, how far it is and how many there will be, if that can be told.

    Raises:
        InvalidRequestError: The source or the output is of no known form.
        InvalidConfigurationError: The output was begun with something else.
        InvalidDataError: The source is damaged; what came before is read.
    """
    predictor = get_predictor(model)
    plain, before = predictor.card.name.partition("@")[0], begun_with(out)
    goes_on = "@" not in model and before.partition("@")[0] == plain
    versioned = before if goes_on else f"{plain}@{predictor.version}"
    stamp = "" if source.is_dir() or not source.exists() else f"{source.stat().st_size} bytes"
    asked = {"source": str(source.resolve()), "content": stamp, "model": versioned}
    output = Output(out, {**asked, "top_k": top_k, "among": among, "many": many})
    if output.tally.complete:
        return output.tally
    with (
        open_source(source, output.is_own) as found,
        output,
        closing(_Readers(processes or _cores(), (versioned, top_k, among, many, output.form))) as readers,
    ):
        output.pass_over(found)
        for names, (rows, errors, bad) in readers.read(_batches(found)):
            output.append(names, rows, errors, bad)
            on_progress(output.tally, found.expected(output.tally.done))
        output.complete()
        return output.tally


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batches(source: PictureSource) -> Iterator[list[Member]]:
    batch: list[Member] = []
    size = 0
    for name, get in source.found:
        try:
            content: Content | str = get()
        except UnreadableMemberError as error:
            content = str(error)
        batch.append((name, content))
        size += len(content) if isinstance(content, bytes) else 0
        if len(batch) == PICTURES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Readers:
    """Processes that read batches; one that dies is replaced, and what it died of is listed as an error.

    Args:
        processes: How many.
        asked: What each is begun with; see ``_begin``.
    """

    def __init__(self, processes: int, asked: tuple[str, int, Among, bool, Form]) -> None:
        self._processes, self._asked = processes, asked
        self._waiting: deque[tuple[list[Member], Future[Answer]]] = deque()
        self._pool = self._started()

    def _started(self) -> ProcessPoolExecutor:
        for name in _THREADS:
            os.environ.setdefault(name, "1")  # each process has a core; numpy in it need not know of the others
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._processes, context, _begin, self._asked)

    def read(self, batches: Iterator[list[Member]]) -> Iterator[tuple[list[str], Answer]]:
        """Yield the names of each batch and what came of it, in order."""
        for batch in batches:
            self._waiting.append((batch, self._submitted(batch)))
            if len(self._waiting) >= AHEAD * self._processes:
                yield self._next()
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        """End the processes once they are through with what they have begun."""
        with suppress(RuntimeError):  # interrupted while it began, it has no thread yet that could be waited for
            self._pool.shutdown(cancel_futures=True)

    def _submitted(self, batch: list[Member]) -> "Future[Answer]":
        try:
            return self._pool.submit(_read, batch)
        except BrokenProcessPool as error:
            broken: Future[Answer] = Future()
            broken.set_exception(error)
            return broken

    def _next(self) -> tuple[list[str], Answer]:
        batch, future = self._waiting.popleft()
        try:
            answer = future.result()
        except BrokenProcessPool:
            answers = [self._alone(member) for member in batch]
            answer = b"".join(a[0] for a in answers), b"".join(a[1] for a in answers), sum(a[2] for a in answers)
            self._waiting = deque((later, self._submitted(later)) for later, _ in self._waiting)
        return [name for name, _ in batch], answer

    def _alone(self, member: Member) -> Answer:
        """Return what comes of one picture, which may end the process that reads it."""
        for _ in range(2):  # the pool may have been broken by another
            try:
                return self._pool.submit(_read, [member]).result()
            except BrokenProcessPool:
                self._pool.shutdown(wait=False)
                self._pool = self._started()
        reason = "the process that read it was ended by the system, perhaps for want of memory"
        return b"", _error_line(member[0], reason), 1


_rows: Callable[[list[Member]], list[bytes | Exception]]


def _begin(model: str, top_k: int, among: Among, many: bool, form: Form) -> None:
    """Make ready what this process reads with; it ends when the one that started it does, and not at Ctrl-C."""
    global _rows  # noqa: PLW0603
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    predictor, plain = get_predictor(model), model.partition("@")[0]
    read, columns = (_read_texts, TEXT) if many else (read_each, ONE)

    def rows(batch: list[Member]) -> list[bytes | Exception]:
        contents = [partial(_bytes_of, content) for _, content in batch]
        answers = read(predictor, contents, top_k, among)
        return [
            answer
            if isinstance(answer, Exception)
            else line_of({"file": name, **answer, "model": plain}, form, columns)
            for (name, _), answer in zip(batch, answers, strict=True)
        ]

    _rows = rows


def _read_texts(
    predictor: Predictor, contents: Sequence[Callable[[], bytes]], top_k: int, among: Among
) -> list[dict[str, Any] | Exception]:
    answers: list[dict[str, Any] | Exception] = []
    for get in contents:
        try:
            answers.append(read_text(predictor, get(), top_k, among))
        except Exception as error:
            answers.append(error)
    return answers


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(batch: list[Member]) -> Answer:
    rows, errors = [], []
    for (name, _), row in zip(batch, _rows(batch), strict=True):
        if isinstance(row, bytes):
            rows.append(row)
        else:
            expected = isinstance(row, RabiscoError)
            errors.append(
                _error_line(name, str(row) if expected else f"it could not be read: {type(row).__name__}, {row}")
            )
    return b"".join(rows), b"".join(errors), len(errors)


def _bytes_of(content: Content | str) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        raise InvalidRequestError(content)
    try:
        size = content.stat().st_size
        if size > MOST_BYTES:
            raise InvalidRequestError(f"expected a picture file of at most {MOST_BYTES:,} bytes. Received: {size:,}")
        return content.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InvalidRequestError(f"a picture file was expected. Received: {reason}; check the name") from error


def _error_line(name: str, reason: str) -> bytes:
    line = json.dumps({"file": name, "error": reason}, ensure_ascii=False) + "\n"
    return line.encode("utf-8", "backslashreplace")
