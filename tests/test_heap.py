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


HOLES = """
import ctypes, time
import psutil
from hmi import heap
heap.keep_small()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def resident_mb():
    return psutil.Process().memory_info().rss / 1e6

pieces = [libc.malloc(100_000) for _ in range(500)]
for piece in pieces:
    ctypes.memset(piece, 1, 100_000)
for piece in pieces[1::2]:
    libc.free(piece)
full = resident_mb()
with heap.giving_back(every_s=0.05):
    end = time.monotonic() + 20
    while resident_mb() > full - 15 and time.monotonic() < end:
        time.sleep(0.02)
print(full - resident_mb())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the heap of glibc")
def test_what_is_free_between_pieces_that_live_on_goes_back_to_the_system():
    ran = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert float(ran.stdout) > 15  # of 25 MB
