"""Access control as a whole, over one database."""

from smartcart.server.access.accounts import Accounts
from smartcart.server.access.audit import AuditLog
from smartcart.server.access.logins import Logins, LoginTimes
from smartcart.server.access.screens import Screens
from smartcart.server.access.tokens import ApiTokens
from smartcart.server.database.database import Database


class Access:
    """Accounts, logins, tokens, screens, and the audit log to which they all write."""

    def __init__(self, office: Database, times: LoginTimes | None = None) -> None:
        self.office = office
        self.audit = AuditLog(office)
        self.accounts = Accounts(office, self.audit)
        self.logins = Logins(office, self.audit, times)
        self.tokens = ApiTokens(office, self.audit)
        self.screens = Screens(office, self.audit)
