"""Our own database: what pages show and people decide. It knows nothing of the plant database."""

from hmi.store.database import (
    OutcomeUnknown,
    Store,
    StoreFull,
    StoreReadOnly,
    StoreTooSlow,
    StoreUnavailable,
)

__all__ = ["OutcomeUnknown", "Store", "StoreFull", "StoreReadOnly", "StoreTooSlow", "StoreUnavailable"]
