"""Everything together for a long time, with faults at random: `python -m tests.soak --minutes 20`."""
