"""Mutated inputs at every door of strangers' bytes: ``python -m tests.fuzz --inputs 1000000 decode``.

Whatever is sent must be read or refused by an error that is meant, within two seconds of processor time and in bounded
memory. Each door's inputs are sent in a process of its own, which another watches: one that hangs, dies or grows is
ended, and the next begins behind the input that it had. That input is kept in ``tests/fuzz_cases/<door>/``, where the
tests find it from then on. An input depends on seed and number alone.
"""

import argparse
import hashlib
import json
import mmap
import os
import random
import select
import shutil
import signal
import struct
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from tests.fuzz_doors import DOORS, seeds

from rabisco import store
from rabisco.errors import RabiscoError
from rabisco.settings import get_settings

CASES = Path(__file__).parent / "fuzz_cases"
MOST_SECONDS, MOST_MEGABYTES = 2.0, 700
MOST_WAITED = 120.0  # seconds that one input may wait for anything but a processor
LOOK = 0.5  # seconds between two looks at a process that sends
KEPT_ROWS = 2000  # inputs after which what they left is removed
WORDS = (
    b"\0",
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"-1",
    b"9" * 30,
    b"[" * 400,
    b'"',
    b"\r\n",
    b"--cut",
    b"\\ud800",
    b"NaN",
)
_HEAD = struct.Struct("<QdQ")  # number of the present input, from 1; seconds of the slowest; bytes of the present one


@dataclass(frozen=True)
class Work:
    """What is to be sent: mutated inputs of a seed, so many, or for so many seconds."""

    door: str
    inputs: int
    seconds: float = 1e9
    seed: int = 0


@dataclass
class Tally:
    """What happened at one door.

    Attributes:
        inputs: How many were sent.
        slowest: Seconds of processor time that the slowest took.
        seconds: Of processor time, all together.
        megabytes: The most that a process had.
        faults: Inputs that were not as they must be, and why.
    """

    inputs: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    megabytes: float = 0.0
    faults: list[tuple[bytes, str]] = field(default_factory=list)


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Return bytes with a few changes: bits, words, pieces that are cut, doubled or moved."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        start = draw.randrange(len(changed) + 1)
        stop = min(len(changed), start + draw.choice((1, 2, 4, 16, 200)))
        how = draw.randrange(6)
        if how == 0 and start < len(changed):
            changed[start] ^= 1 << draw.randrange(8)
        elif how == 1:
            changed[start:stop] = draw.choice(WORDS)
        elif how == 2:
            del changed[start:stop]
        elif how == 3:
            changed[start:start] = changed[start:stop] * draw.choice((1, 2, 50))
        elif how == 4:
            changed[start:stop] = draw.randbytes(stop - start)
        else:
            del changed[start:]
    return bytes(changed)


def try_one(door: str, data: bytes, tally: Tally) -> None:
    """Send one input through a door, and note what is not as it must be; one that is slow twice is."""
    fault, seconds = _sent(door, data)
    if seconds > MOST_SECONDS:
        fault, seconds = _sent(door, data)  # what is loaded for the first time does not count
    if fault is None and seconds > MOST_SECONDS:
        fault = f"took {seconds:.1f} s"
    if fault is not None:
        tally.faults.append((data, fault))
    tally.inputs += 1
    tally.slowest = max(tally.slowest, seconds)


def _sent(door: str, data: bytes) -> tuple[str | None, float]:
    """Return what went wrong with an input, if anything, and its seconds of processor time."""
    started, fault = time.process_time(), None
    try:
        DOORS[door](data)
    except RabiscoError:
        pass
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    return fault, time.process_time() - started


def fuzz(work: Work, first: int = 0, before: Callable[[bytes, Tally], object] = lambda *_: None) -> Tally:
    """Send mutated inputs through a door, in this process.

    Args:
        work: What is sent.
        first: Number of the first; those before it count as sent.
        before: Called before each.
    """
    for data in seeds(work.door):
        try_one(work.door, data, Tally())
    tally, until = Tally(), time.monotonic() + work.seconds
    known = [*seeds(work.door), *(file.read_bytes() for file in cases(work.door))]
    for number in range(first, work.inputs):
        if time.monotonic() > until:
            break
        draw = random.Random((work.seed << 40) + number)
        data = mutated(draw.choice(known), draw)
        before(data, tally)
        try_one(work.door, data, tally)
    before(b"", tally)
    return tally


def watched(work: Work, first: int = 0) -> Tally:
    """Do the same in processes of their own, which are ended where they hang, and replaced."""
    tally, until = Tally(first), time.monotonic() + work.seconds
    while tally.inputs < work.inputs and (left := until - time.monotonic()) > 0:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # what it began may still write
            sending = Sending(replace(work, seconds=left), tally.inputs, Path(home))
            sending.watch(tally)
    return tally


class Sending:
    """A process that sends inputs, seen by the one that began it.

    Args:
        work: What it sends.
        first: Number of the first input.
        home: Where it keeps what is to be kept.
    """

    def __init__(self, work: Work, first: int, home: Path) -> None:
        self._work, self._first, self._home = work, first, home
        self._shared = mmap.mmap(-1, 1 << 24)
        self._reading, self._writing = os.pipe()
        self._child = os.fork()
        if not self._child:
            self._send()
        os.close(self._writing)

    def watch(self, tally: Tally) -> None:
        """Add what comes of it, until it ends or has to be ended."""
        reason = self._wait(psutil.Process(self._child), tally)
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL if reason else 0)
        _, status, used = os.wait4(self._child, 0)
        sent, slowest, length = _HEAD.unpack_from(self._shared)
        tally.seconds += used.ru_utime + used.ru_stime
        tally.inputs, tally.slowest = self._first + max(0, sent - 1), max(tally.slowest, slowest)
        if reason or status:
            data = self._shared[_HEAD.size : _HEAD.size + length]
            tally.faults.append((data, reason or f"ended its process: {os.waitstatus_to_exitcode(status)}"))
            tally.inputs += 1

    def _wait(self, process: psutil.Process, tally: Tally) -> str:
        """Return why it has to be ended; an empty string once it has ended by itself."""
        told, known, spent, since = b"", -1, 0.0, time.monotonic()
        with os.fdopen(self._reading, "rb", buffering=0) as news:
            while True:
                if select.select([news], [], [], LOOK)[0]:
                    part = news.read(1 << 20)
                    told += part
                    *lines, told = told.split(b"\n")
                    for fault in map(json.loads, lines):
                        tally.faults.append((bytes.fromhex(fault["data"]), fault["reason"]))
                    if not part:
                        return ""
                with suppress(psutil.Error):
                    now, megabytes = sum(process.cpu_times()[:2]), process.memory_info().rss / 1e6
                    tally.megabytes = max(tally.megabytes, megabytes)
                    if known != (known := _HEAD.unpack_from(self._shared)[0]) or not known:  # it still loads
                        spent, since = now, time.monotonic()
                    if megabytes > MOST_MEGABYTES:
                        return f"{megabytes:.0f} MB of memory"
                    waits = time.monotonic() - since > MOST_WAITED and process.status() == psutil.STATUS_SLEEPING
                    if now - spent > 3 * MOST_SECONDS or waits:
                        return "hangs"

    def _send(self) -> None:
        """Be the process, and end."""
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff has much to say
            os.environ["RABISCO_HOME"] = str(self._home)
            get_settings.cache_clear()
            fuzz(self._work, self._first, self._note)
            status = 0
        finally:
            os._exit(status)

    def _note(self, data: bytes, tally: Tally) -> None:
        self._shared[_HEAD.size : _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._shared, 0, tally.inputs + 1, tally.slowest, len(data))
        while tally.faults:
            fault, reason = tally.faults.pop()
            os.write(self._writing, json.dumps({"data": fault.hex(), "reason": reason}).encode() + b"\n")
        if (tally.inputs + 1) % KEPT_ROWS == 0:
            store.close()
            shutil.rmtree(self._home, ignore_errors=True)


def cases(door: str) -> list[Path]:
    """Return the inputs that were once not as they must be."""
    return sorted((CASES / door).glob("*"))


def keep(door: str, data: bytes) -> Path:
    """Keep an input as a case and return where."""
    file = CASES / door / hashlib.sha256(data).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def main() -> None:
    """Fuzz the doors that are named, or all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("doors", nargs="*", metavar="door", help=", ".join(DOORS))
    parser.add_argument("--seconds", type=float, default=3600, help="for all doors together")
    parser.add_argument("--inputs", type=int, default=10**9, help="at most, for each door")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    doors = asked.doors or list(DOORS)
    print("| Door | Inputs | Processor time | Slowest | Memory | Faults |\n| :-- | --: | --: | --: | --: | --: |")
    for door in doors:
        tally = watched(Work(door, asked.inputs, asked.seconds / len(doors), asked.seed))
        print(
            f"| {door} | {tally.inputs:,} | {tally.seconds / 60:.1f} min | {tally.slowest:.2f} s | "
            f"{tally.megabytes:.0f} MB | {len(tally.faults)} |",
            flush=True,
        )
        for data, reason in tally.faults[:20]:
            print(f"{keep(door, data)}: {reason}", flush=True)


if __name__ == "__main__":
    main()
