"""Who asks what, where: the request, the session and its account, for pages that need them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from conventions.accounts import Account, Role
from portal.context import Context, Cookie, Here
from portal.people import Person, require


@dataclass(frozen=True)
class Acting:
    """Somebody at a page of the office."""

    request: Request
    here: Context
    cookie: str
    account: Account

    @property
    def can_act(self) -> bool:
        """Tell whether the account may change anything."""
        return bool({Role.AGENT, Role.ADMINISTRATOR} & set(self.account.roles))


def _reader(request: Request, here: Here, cookie: Cookie, account: Person) -> Acting:
    return Acting(request, here, cookie, account)


def _agent(request: Request, here: Here, cookie: Cookie, account: Person) -> Acting:
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    return Acting(request, here, cookie, account)


Reader = Annotated[Acting, Depends(_reader)]
Agent = Annotated[Acting, Depends(_agent)]
"""An account that may change something; any other is refused (``role.refused``)."""
