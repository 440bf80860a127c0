"""Memory that is freed is there for what comes next."""

import ctypes
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys, threading
from rabisco import heap

how, size = sys.argv[1], int(sys.argv[2])

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def steps(number):
    for _ in range(number):
        blocks = [b"x" * size for _ in range(8)]
        del blocks

def work():
    steps(3)
    before = faults()
    steps(20)
    print(faults() - before)

if how != "given back":
    getattr(heap, how)()
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


GIVING_BACK = """
from rabisco import heap

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

blocks = [b"x" * size for size in (20_000,) * 2_000]
last = blocks[-1]
del blocks
before = resident()
heap.give_back()
print(before - resident())
"""
glibc = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc is told so, no other library"
)


@glibc
@pytest.mark.parametrize(("how", "size"), [("keep_for_pictures", 300_000), ("keep_for_training", 12 << 20)])
def test_memory_that_is_freed_is_there_for_what_comes_next(how: str, size: int) -> None:
    given_back, kept = (
        int(
            subprocess.run(
                [sys.executable, "-c", SCRIPT, one, str(size)], capture_output=True, text=True, check=True
            ).stdout
        )
        for one in ("given back", how)
    )
    assert given_back > 5 * kept
    assert given_back > 1000


@glibc
def test_memory_that_is_free_is_given_back_though_a_later_block_is_not() -> None:
    said = subprocess.run([sys.executable, "-c", GIVING_BACK], capture_output=True, text=True, check=True).stdout
    assert int(said) > 30_000_000
