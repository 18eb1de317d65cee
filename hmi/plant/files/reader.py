"""Reading image files by the plant's paths, wherever they are."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError
from datetime import datetime
from typing import TypeVar

from hmi.plant.files.address import Address
from hmi.plant.files.breaker import Breaker
from hmi.plant.files.errors import FileProblem, PathRefused, PlaceUnreachable
from hmi.plant.files.folder import Folder
from hmi.plant.files.ftp import FtpServer
from hmi.plant.files.lanes import Lanes
from hmi.plant.files.paths import Location, PathMap
from hmi.plant.files.place import FileContent, Patience, Place, Stamp
from hmi.settings import Root, SettingsError, Storage

Result = TypeVar("Result")

security_log = logging.getLogger("hmi.security")
MEGABYTE = 1_000_000
REFUSALS_REMEMBERED = 1000


class ImageFiles:
    """The image files of the plant, by the paths that its database holds. Safe to use from many threads.

    Every call returns or raises within `storage.deadline_s`, however the place behaves.
    """

    def __init__(self, storage: Storage, patience: Patience | None = None) -> None:
        """Raises SettingsError for roots that cannot be used. Connects to nothing yet."""
        patience = patience or Patience()
        self._paths = PathMap(storage.roots)
        self._limit = int(storage.max_file_mb * MEGABYTE)
        self._deadline_s = storage.deadline_s
        self._lanes = Lanes(len(storage.roots), storage.workers, "image-files")
        self._lane = {root: number for number, root in enumerate(storage.roots)}
        self._places = [_place_for(root, storage, patience) for root in storage.roots]
        self._breakers = [Breaker(f"image folder {root.prefix}", patience) for root in storage.roots]
        self._prefixes = [root.prefix for root in storage.roots]
        self._refusals = _Refusals()

    def locate(self, path: str) -> Location:
        """Where the path leads; opens nothing. Raises PathRefused."""
        try:
            return self._paths.locate(path)
        except PathRefused as error:
            self._refusals.note(path, error)
            raise

    def lane(self, path: str) -> int:
        """Which root the path belongs to, counted in the order of the settings. Raises PathRefused."""
        return self._lane[self.locate(path).root]

    def stamp(self, path: str) -> Stamp:
        """Raises PathRefused, FileAbsent, FileBusy or PlaceUnreachable."""
        location = self.locate(path)
        place = self._places[self._lane[location.root]]
        return self._run(path, location, lambda: place.stamp(location.parts))

    def read(self, path: str) -> FileContent:
        """The whole file. Raises as `stamp` does, and FileTooLarge."""
        location = self.locate(path)
        place = self._places[self._lane[location.root]]
        return self._run(path, location, lambda: place.read(location.parts, self._limit))

    def troubles(self) -> dict[str, str]:
        """The prefixes of the roots that are unreachable now, with the reason."""
        told = zip(self._prefixes, (breaker.trouble for breaker in self._breakers), strict=True)
        return {prefix: trouble for prefix, trouble in told if trouble}

    def answered(self) -> dict[str, datetime]:
        """The prefixes of the roots that ever answered us, with when they did so last."""
        told = zip(self._prefixes, (breaker.answered_at for breaker in self._breakers), strict=True)
        return {prefix: at for prefix, at in told if at is not None}

    def close(self) -> None:
        self._lanes.close()
        for place in self._places:
            place.close()

    def _run(self, path: str, location: Location, call: Callable[[], Result]) -> Result:
        lane = self._lane[location.root]
        breaker = self._breakers[lane]
        trial = breaker.admit()
        try:
            result = self._within_deadline(lane, call)
        except PlaceUnreachable as error:
            breaker.failed(trial, str(error))
            raise
        except FileProblem as error:
            breaker.succeeded(trial)
            if isinstance(error, PathRefused):
                self._refusals.note(path, error)
            raise
        except BaseException:
            breaker.undecided(trial)
            raise
        breaker.succeeded(trial)
        return result

    def _within_deadline(self, lane: int, call: Callable[[], Result]) -> Result:
        try:
            future = self._lanes.submit(lane, call)
        except CancelledError:
            raise PlaceUnreachable("the server is closing") from None
        try:
            return future.result(self._deadline_s)
        except CancelledError:
            raise PlaceUnreachable("the server is closing") from None
        except TimeoutError:
            why = "no thread was free for" if future.cancel() else "no answer in"
            raise PlaceUnreachable(f"{why} {self._deadline_s:g} s") from None
        finally:
            del future  # else it and its error, whose traceback holds the file's bytes, keep each other alive


class _Refusals:
    """One line in the security log for each refused path; the last thousand are remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def note(self, path: str, error: PathRefused) -> None:
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if digest in self._known:
                self._known.move_to_end(digest)
                return
            self._known[digest] = None
            if len(self._known) > REFUSALS_REMEMBERED:
                self._known.popitem(last=False)
        shown = path[:300].encode("unicode_escape").decode("ascii")
        security_log.warning("image path refused, it %s: %s", error.reason, shown)


def _place_for(root: Root, storage: Storage, patience: Patience) -> Place:
    scheme, separator, _ = root.source.partition("://")
    if not separator:
        return Folder(root.source, patience)
    if scheme == "ftp":
        return FtpServer(Address.of(root, 21, storage.password), storage.deadline_s)
    if scheme == "sftp":
        from hmi.plant.files.sftp import SftpServer  # its library takes a quarter of a second to import

        return SftpServer(Address.of(root, 22, storage.password), root.known_hosts, storage.deadline_s)
    raise SettingsError(
        f"storage.roots: the source of {root.prefix!r} is neither a folder nor ftp:// nor sftp://"
    )
