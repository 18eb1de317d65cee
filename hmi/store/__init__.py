"""Our own database: what pages show and people decide. It knows nothing of the plant database."""

from hmi.store.database import Store, StoreUnavailable

__all__ = ["Store", "StoreUnavailable"]
