"""Everything that decides who comes in, over one office."""

from smartcart.server.office.accounts import Accounts
from smartcart.server.office.audit import AuditLog
from smartcart.server.office.logins import Logins, LoginTimes
from smartcart.server.office.office import Office
from smartcart.server.office.screens import Screens
from smartcart.server.office.tokens import ApiTokens


class Doors:
    """Accounts, logins, tokens, screens, and the audit log that they all write to."""

    def __init__(self, office: Office, times: LoginTimes | None = None) -> None:
        self.office = office
        self.audit = AuditLog(office)
        self.accounts = Accounts(office, self.audit)
        self.logins = Logins(office, self.audit, times)
        self.tokens = ApiTokens(office, self.audit)
        self.screens = Screens(office, self.audit)
