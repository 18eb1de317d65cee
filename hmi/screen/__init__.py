"""The grid as a value: everything that the screen of one run shows, ready for the template.

Built for the live snapshot and for a frozen run alike. Nothing in it depends on who looks.
"""

from hmi.screen.assembly import screen_of, unknown_screen
from hmi.screen.times import acknowledged_text
from hmi.screen.values import Screen

__all__ = ["Screen", "acknowledged_text", "screen_of", "unknown_screen"]
