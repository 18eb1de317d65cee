"""Feed → judge → store: what the plant brought becomes runs, verdicts and reasons.

Only the worker that holds the lease comes here. `regions` judges; this package keeps what it said.
"""

from hmi.judging.judging import Judging

__all__ = ["Judging"]
