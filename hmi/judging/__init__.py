"""Feed → judge → store: what the plant brought becomes runs, verdicts and reasons.

The worker that holds the lease judges what comes in (`Judging`); a decision has its run judged again at once
where it is made (`rejudge`). `regions` judges; this package keeps what it said.
"""

from hmi.judging.judging import Judging
from hmi.judging.passing import Judged, facts_of
from hmi.judging.stored import rejudge

__all__ = ["Judged", "Judging", "facts_of", "rejudge"]
