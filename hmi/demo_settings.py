"""The settings of the demo: what a plant's own would say of its database, files, line and secret."""

from pathlib import Path

from hmi.demo import PREFIX, demo_line
from hmi.settings import Camera, Root, Settings, SettingsError, read_secret

SETTLED = 0.2  # of the time between two parts: a verdict stands for a while before the next part comes


def with_demo(settings: Settings) -> Settings:
    """Settings for the demo plant in `demo.folder`; what was set is kept, but for a long `line.settle_s`.

    Raises SettingsError if no demo has been started there yet: its secret is made at the first start.
    """
    folder = Path(settings.demo.folder).resolve()
    key = settings.auth.secret_key or _own_key(folder / "secret.key")
    database = settings.database.model_copy(update={"url": f"sqlite:///{(folder / 'plant.db').as_posix()}"})
    store_url = settings.store.url or f"sqlite:///{(folder / 'store.db').as_posix()}"
    roots = (Root(prefix=PREFIX, source=str(folder / "images")),)
    line = {
        "cameras": settings.line.cameras or tuple(Camera(**one) for one in demo_line(settings.demo.cameras)),
        "settle_s": min(settings.line.settle_s, settings.demo.period_s * SETTLED),
    }
    return settings.model_copy(
        update={
            "database": database,
            "store": settings.store.model_copy(update={"url": store_url}),
            "storage": settings.storage.model_copy(
                update={"roots": roots, "cache_folder": str(folder / "cache")}
            ),
            "auth": settings.auth.model_copy(update={"secret_key": key}),
            "line": settings.line.model_copy(update=line),
        }
    )


def _own_key(file: Path) -> str:
    if not file.exists():
        raise SettingsError(
            "database.url is not set, and no demo was started yet (python wsgi.py starts one)"
        )
    return read_secret(str(file), "demo.folder")
