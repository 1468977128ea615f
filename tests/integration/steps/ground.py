"""Where the steps are taken on real parts: a registry, buckets, the PKI, the mail catcher and the receiver, by their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from contreseing.clock import SystemClock
from contreseing.credentials import random_totp_secret
from contreseing.settings import Settings, load_settings_file
from contreseing.wiring import build_ports
from conventions.ports.system import Ports


@dataclass(frozen=True)
class EarlierClock:
    """The machine's clock, ``behind`` it: whoever lives by it took leases that are over for everybody else."""

    behind: timedelta

    def now(self) -> datetime:
        return SystemClock().now() - self.behind


@dataclass(frozen=True)
class Ground:
    """One registry and two buckets on the shared stack; can be handed to another process, which builds ports of its own."""

    settings_file: Path
    mailbox: str
    receiver: str
    overrides: Mapping[str, str]
    totp_secret: str = field(default_factory=random_totp_secret)

    def settings(self) -> Settings:
        """Read the settings of the product here."""
        return load_settings_file(self.settings_file, **self.overrides)

    def ports(self, behind: timedelta = timedelta()) -> Ports:
        """Build the ports; the steps live ``behind`` the machine's clock, the outside does not."""
        built = build_ports(self.settings())
        return replace(built, clock=EarlierClock(behind)) if behind else built
