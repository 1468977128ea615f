"""Builds what judges beside a file itself: the folder of trusted lists and who reads it, and the third reader."""

from __future__ import annotations

from pathlib import Path

from contreseing.clock import SystemClock
from contreseing.settings import Settings, text_of
from conventions.errors import ConfigurationError
from signing.chains import parse_certificates
from signing.dss_service import DssReader
from signing.list_refresh import ListFolder
from signing.qualifying import Qualifier
from signing.trust_files import as_pem
from signing.trusted_lists import ListSigners, TrustedLists


def build_list_folder(settings: Settings, clock: SystemClock) -> ListFolder:
    """Build the port ``lists``.

    Raises:
        ConfigurationError: there is no folder, or the signers cannot be read.
    """
    if settings.trusted_lists_dir is None:
        raise ConfigurationError("no folder of trusted lists", code="configuration.lists")
    signers = list_signers(settings.trusted_lists_signers)
    return ListFolder(settings.trusted_lists_dir, settings.trusted_lists_url, signers, clock, settings.trusted_lists_territories.split())


def build_qualifier(settings: Settings, clock: SystemClock) -> Qualifier:
    """Build who reads the folder; without one it says that no list is installed.

    Raises:
        ConfigurationError: the signers cannot be read.
    """
    folder = settings.trusted_lists_dir
    return Qualifier() if folder is None else Qualifier(TrustedLists(folder, list_signers(settings.trusted_lists_signers), clock))


def list_signers(path: Path | None) -> ListSigners:
    """Read who may sign the list of the lists; without a file, those that the Official Journal published.

    Raises:
        ConfigurationError: the file cannot be read, or holds no certificate.
    """
    if path is None:
        return ListSigners()
    try:
        return ListSigners(parse_certificates(as_pem(path.read_bytes())))
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read", code="configuration.trust") from error


def build_third_reader(url: str, settings: Settings, clock: SystemClock) -> DssReader:
    """Build who asks the DSS service at that address."""
    return DssReader(url, clock, text_of(settings.dss_token))
