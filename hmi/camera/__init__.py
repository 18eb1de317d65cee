"""What pages show of one camera and of one part: images with their defects, their past, the part's record.

Everything is a frozen value, ready for templates; nothing in it depends on who looks.
"""

from hmi.camera.captions import caption_of
from hmi.camera.drawing import drawing_of
from hmi.camera.past import Entry, entries_of
from hmi.camera.record import Record, record_of
from hmi.camera.values import View
from hmi.camera.view import camera_named, view_of

__all__ = [
    "Entry",
    "Record",
    "View",
    "camera_named",
    "caption_of",
    "drawing_of",
    "entries_of",
    "record_of",
    "view_of",
]
