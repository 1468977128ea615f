"""What the portal is told at start-up: its three sites, its cookies, and who publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from conventions.errors import ConfigurationError

ACCESSIBILITY_LEVELS = ("non conforme", "partiellement conforme", "totalement conforme")
"""The three answers that a declaration may give (French decree 2019-768, article 5)."""


class Site(StrEnum):
    """The three sites; each answers its own pages only."""

    SIGNERS = "signers"
    DESK = "desk"
    OFFICE = "office"


@dataclass(frozen=True)
class Publisher:
    """Who answers for the sites, as the legal and privacy notices name them."""

    name: str
    seat: str
    telephone: str
    website: str
    director: str
    hosting: str
    data_protection_mail: str


@dataclass(frozen=True)
class PortalSettings:
    """Settings of the portal.

    ``origins`` are scheme, host and port of the three sites, without a final slash. In production they are https and of
    three hosts; two sites may share a host by different ports only in a demonstration, because cookies ignore ports.
    ``visits_kept_months`` is what the privacy notice announces.
    """

    signers_origin: str
    desk_origin: str
    office_origin: str
    publisher: Publisher
    demonstration: bool
    accessibility_level: str = ACCESSIBILITY_LEVELS[0]
    accessibility_basis: str = "aucun audit n’a encore été mené par une personne extérieure au projet"
    accessibility_on: str = ""
    visits_kept_months: int = 12
    prefect_url: str | None = None

    def __post_init__(self) -> None:
        netlocs = [self.netloc(site) for site in Site]
        if len(set(netlocs)) != len(netlocs):
            raise ConfigurationError(f"the three sites need three addresses, got {netlocs}")
        for site in Site:
            parts = urlsplit(self.origin(site))
            if not parts.netloc or parts.path or parts.query or parts.fragment or parts.scheme not in {"http", "https"}:
                raise ConfigurationError(f"{site}: expected scheme://host[:port], got {self.origin(site)!r}")
            if not self.demonstration and parts.scheme != "https":
                raise ConfigurationError(f"{site}: https is required outside a demonstration")
        hosts = {urlsplit(self.origin(site)).hostname for site in Site}
        if not self.demonstration and len(hosts) != len(netlocs):
            raise ConfigurationError("the three sites need three hosts: cookies ignore ports")
        if self.accessibility_level not in ACCESSIBILITY_LEVELS:
            raise ConfigurationError(f"accessibility level: expected one of {ACCESSIBILITY_LEVELS}")

    def origin(self, site: Site) -> str:
        """Return a site's origin as browsers write it."""
        return {Site.SIGNERS: self.signers_origin, Site.DESK: self.desk_origin, Site.OFFICE: self.office_origin}[site]

    def netloc(self, site: Site) -> str:
        """Return the value of ``Host`` that names a site."""
        return urlsplit(self.origin(site)).netloc.lower()

    @property
    def has_secure_cookies(self) -> bool:
        """Tell whether cookies are named ``__Host-`` and sent over https only."""
        return not self.demonstration
