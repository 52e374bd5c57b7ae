"""Who may come in, and as what: tokens, resume keys, origins and addresses (C8, H3 to H6)."""

from logdrum_server.doors.doors import Doors, open_doors
from logdrum_server.doors.tokens import Pass, TokenRefused

__all__ = ["Doors", "Pass", "TokenRefused", "open_doors"]
