"""Who is it, and what may they do."""

from hmi.auth.permissions import DECIDE, PERMISSIONS, PUBLIC, SEE, permission_of, requires

__all__ = ["DECIDE", "PERMISSIONS", "PUBLIC", "SEE", "permission_of", "requires"]
