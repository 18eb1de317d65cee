"""A backup is one file: the store's rows in a form that both databases read, the settings, and a manifest."""

from hmi.backup.archive import Manifest, NotABackup
from hmi.backup.restoring import CannotRestore, check, restore, settings_of
from hmi.backup.saving import NothingToSave, save

__all__ = [
    "CannotRestore",
    "Manifest",
    "NotABackup",
    "NothingToSave",
    "check",
    "restore",
    "save",
    "settings_of",
]
