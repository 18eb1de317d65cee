"""Where a remote root is and who we are there."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from hmi.plant.files.place import Parts
from hmi.settings import Root, SettingsError, read_secret


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    folder: str  # absolute, without a slash at its end unless it is the top
    username: str
    password: str = field(repr=False)

    def path_of(self, parts: Parts) -> str:
        return "/".join([self.folder.rstrip("/"), *parts])

    @classmethod
    def of(cls, root: Root, default_port: int, common_password: str) -> "Address":
        """Raises SettingsError for an address that is none, or that holds a password."""
        told = f"storage.roots: the source {root.prefix!r}"
        try:
            url = urlsplit(root.source)
            port = url.port or default_port
        except ValueError:
            raise SettingsError(f"{told} is not a valid address") from None
        if url.password is not None:
            raise SettingsError(f"{told} holds a password; use password_file")
        if not url.hostname or url.query or url.fragment:
            raise SettingsError(f"{told} is not a valid address")
        return cls(
            host=url.hostname,
            port=port,
            folder="/" + unquote(url.path).strip("/"),
            username=root.username or unquote(url.username or ""),
            password=_password(root, common_password),
        )


def _password(root: Root, common_password: str) -> str:
    if not root.password_file:
        return common_password
    return read_secret(root.password_file, "storage.roots.password_file")
