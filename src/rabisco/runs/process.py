"""Tell whether a process is alive and is still the same one: the system reuses PIDs, so a PID alone is not enough."""

import os
import platform
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

WHOLLY = 19  # the niceness of what runs only while nothing else wants to


def host() -> str:
    """Return the name of this machine, as rows hold it."""
    return platform.node()[:120]


def identity(pid: int) -> str | None:
    """Return what tells a living process from an earlier one of that number; ``None`` if there is none.

    A process that has ended and only waits for its parent to notice counts as gone.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        return _from_proc(stat)
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return started.strip() or None if shown.returncode == 0 and not state.startswith("Z") else None


def this_process() -> dict[str, int | str]:
    """Return the columns that name this process."""
    return {"pid": os.getpid(), "process_started": identity(os.getpid()) or "", "host": host()}


def _from_proc(stat: Path) -> str | None:
    try:
        after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, started = after_name[0], after_name[19]
    return None if state in "ZX" else f"{boot} {started}"


def lives(pid: int | None, known: str) -> bool:
    """Tell whether process ``pid`` is there and is the one whose identity was ``known``."""
    return pid is not None and known != "" and identity(pid) == known


def lower_priority(niceness: int) -> None:
    """Let other processes go before this one whenever they have something to do.

    Args:
        niceness: From 0, no further than now, to 19, where it runs only while no other wants to, if the system can
            do so (Linux).
    """
    reached = os.nice(niceness)
    if reached == WHOLLY and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # where the system weighs sessions against each other, it asks for that apart
        Path("/proc/self/autogroup").write_text(str(reached), encoding="ascii")


def end_with_input() -> None:
    """End this process as soon as its standard input closes: whoever began it is gone."""

    def listen() -> None:
        while os.read(0, 4096):
            pass
        os._exit(3)

    threading.Thread(target=listen, name="input", daemon=True).start()


def kill(pid: int | None, known: str) -> None:
    """End a process and all that it started, at once, if it still is the one that is meant."""
    if pid is not None and lives(pid, known):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
