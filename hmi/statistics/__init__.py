"""What the counts say: totals, shares and series for a time, cameras and part types.

`question` checks what is asked, `statistics_of` answers it from the counts alone: what that costs depends on
the length of the time that is asked for and on nothing else.
"""

from hmi.statistics.answering import statistics_of
from hmi.statistics.answers import Answers
from hmi.statistics.asked import MOST_POINTS, STEPS, BadQuestion, Question, question
from hmi.statistics.values import FalseCalls, Spell, Statistics, Tally, Units

__all__ = [
    "MOST_POINTS",
    "STEPS",
    "Answers",
    "BadQuestion",
    "FalseCalls",
    "Question",
    "Spell",
    "Statistics",
    "Tally",
    "Units",
    "question",
    "statistics_of",
]
