"""The C library's heap does not grow with the number of threads."""

import re
import subprocess
import sys

import pytest

ALLOCATE = """
import ctypes, threading
from hmi import heap
if {kept}: heap.keep_small()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(16)

def allocate():
    together.wait()
    for _ in range(20_000):
        libc.malloc(200)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_info(0, ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w")))
libc.fflush(None)
"""


def heaps(*, kept: bool) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", ALLOCATE.format(kept=kept)], capture_output=True, text=True, check=True
    )
    return len(re.findall(r"<heap nr=", ran.stdout))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the heap of glibc")
def test_sixteen_busy_threads_share_two_heaps():
    assert heaps(kept=False) > 2  # what it is there for
    assert heaps(kept=True) <= 2
