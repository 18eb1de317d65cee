"""What is written below a picture that somebody takes along."""

from sqlalchemy.orm import Session

from hmi.camera.judged import Judged, judged, worst_first
from hmi.camera.view import camera_named
from hmi.pictures.captions import Caption
from hmi.plant_time import day_and_clock
from hmi.screen.times import usable_time
from hmi.settings import Settings
from hmi.store.runs import Image, Run, reference
from hmi.wording import VERDICT_WORDS, waiting_text


def caption_of(session: Session, settings: Settings, image: Image) -> Caption:
    """Verdict and why, the worst defect, by which rules; which part, camera and image, and of which day."""
    run = session.get(Run, image.run_key) if image.run_key else None
    found = judged(session, image, run)
    serial = image.camera or "no camera"
    camera = camera_named(session, settings, serial)
    title = f"camera {camera.title}" if camera else "camera"
    when = day_and_clock(usable_time(run) if run else None, settings.time.zone_info)
    of_part = (run.serial or "no serial", run.part) if run else ("no part",)
    words = (
        title,
        serial if camera and camera.name != serial else None,
        *of_part,
        when,
        f"image {reference(image.key)}",
    )
    return Caption(
        verdict=image.verdict,
        word=VERDICT_WORDS[image.verdict][1].upper(),
        lines=(_why(image, found), " · ".join(word for word in words if word)),
    )


def _why(image: Image, found: Judged) -> str:
    text = found.verdict.text if found.verdict else waiting_text(image.file_state)
    worst = next((seen for seen in worst_first(found.defects) if seen.is_abnormal), None)
    said = [text]
    if worst is not None:
        said.append(f"worst: {worst.size}, {worst.region}, limit {worst.limit}")
    said.append(f"rules v{found.rules_version}" if found.rules_version else "not judged by any rules")
    said.append(f"{found.px_per_mm:.2f} px/mm" if found.px_per_mm else "no scale")
    return " · ".join(said)
