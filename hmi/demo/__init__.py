"""A simulated plant: a plant database and pictures as the vision system would write them.

For the demo (`start`), for tests (`make_plant`, `DemoPlant`) and for benchmarks (`fill`). The same seed gives
the same plant. It writes its own database and folder only and knows nothing of the rest of the product.
"""

from typing import Any

from hmi.demo.fill import fill
from hmi.demo.ledger import camera_serial, make_plant
from hmi.demo.plant import DemoPlant, Written
from hmi.demo.pores import Pore
from hmi.demo.production import PREFIX, Part
from hmi.demo.running import DemoError, RunningDemo, start
from hmi.demo.views import view_of

PX_PER_MM = 95 / 7.9375

__all__ = [
    "PREFIX",
    "PX_PER_MM",
    "DemoError",
    "DemoPlant",
    "Part",
    "Pore",
    "RunningDemo",
    "Written",
    "camera_serial",
    "demo_line",
    "fill",
    "make_plant",
    "start",
]


def demo_line(cameras: int) -> list[dict[str, Any]]:
    """The cameras of the demo as settings.line.cameras wants them, with the names of their views."""
    return [
        {
            "serial": camera_serial(number),
            "name": view_of(number).name,
            "order": number,
            "px_per_mm": PX_PER_MM,
        }
        for number in range(1, cameras + 1)
    ]
