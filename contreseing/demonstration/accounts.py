"""The demonstration's accounts: fictitious people of the syndicate, with passwords and second factors drawn at random."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pyotp

from contreseing.credentials import TOTP_STEP_SECONDS, random_totp_secret
from conventions.accounts import Account, Role
from conventions.ports.system import Ports
from conventions.powers import Delegation

AGENT, SIGNATORY, AUDITOR, ADMINISTRATOR = "agent", "vice-presidence", "auditeur", "administratrice"
PASSWORD_BYTES = 9


@dataclass(frozen=True)
class DemonstrationAccount:
    """An account with what its person knows: password and TOTP secret (base32). ``site`` is where it is used."""

    login: str
    name: str
    role: str
    site: str
    password: str
    totp_secret: str

    def code(self) -> str:
        """Return the code that the person's application shows now."""
        return pyotp.TOTP(self.totp_secret, interval=TOTP_STEP_SECONDS).now()


def ensure_accounts(ports: Ports, known: list[dict[str, str]], delegation: Delegation) -> list[dict[str, str]]:
    """Return the accounts as they are kept; drawn and added to the registry when none is known yet."""
    if known:
        return known
    drawn = [
        _draw(SIGNATORY, delegation.holder.full_name, Role.SIGNATORY, "desk"),
        _draw(AGENT, "Enora Kervenan (agente fictive)", Role.AGENT, "office"),
        _draw(AUDITOR, "Malo Trevlouan (auditeur fictif)", Role.AUDITOR, "office"),
        _draw(ADMINISTRATOR, "Katell Roskerven (administratrice fictive)", Role.ADMINISTRATOR, "office"),
    ]
    with_hashes = [(item, ports.credentials.hash_password(item.password), ports.credentials.seal_totp(item.totp_secret)) for item in drawn]
    with ports.registry.write() as tx:
        for item, password_hash, sealed in with_hashes:
            delegation_id = delegation.id if item.role == Role.SIGNATORY else None
            tx.add_account(
                Account(item.login, item.login, item.name, (Role(item.role),), password_hash, sealed, delegation_id=delegation_id)
            )
    return [vars(item) for item in drawn]


def account_of(accounts: list[dict[str, str]], login: str) -> DemonstrationAccount:
    """Return one of the kept accounts."""
    return DemonstrationAccount(**next(item for item in accounts if item["login"] == login))


def _draw(login: str, name: str, role: Role, site: str) -> DemonstrationAccount:
    return DemonstrationAccount(login, name, role.value, site, secrets.token_urlsafe(PASSWORD_BYTES), random_totp_secret())
