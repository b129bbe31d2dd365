"""Who may change the catalogue: an admin, and a machine whose token may write, such as a store's stock system."""

from typing import Annotated

from fastapi import Depends, HTTPException

from smartcart.server.access.accounts import Role
from smartcart.server.site.permissions import Staff, Visitor


def _shopkeeper(visitor: Staff) -> Visitor:
    if visitor.role is not Role.ADMIN and visitor.via != "token":
        raise HTTPException(403, "this is for admins")
    return visitor


Shopkeeper = Annotated[Visitor, Depends(_shopkeeper)]
