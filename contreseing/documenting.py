"""Builds the documents adapter; apart, because its libraries take long to load."""

from __future__ import annotations

from contreseing.settings import Settings
from conventions.errors import ConfigurationError
from documents.adapter import ReportlabDocuments
from documents.pdf.stationery import Stationery, make_stationery
from documents.wording_files import BUNDLED


def build_documents(settings: Settings) -> ReportlabDocuments:
    """Build the port ``documents``; a customer's wordings come before ours."""
    directories = (settings.wordings_dir, BUNDLED) if settings.wordings_dir else (BUNDLED,)
    return ReportlabDocuments(directories, build_stationery(settings))


def build_stationery(settings: Settings) -> Stationery:
    """Build the letterhead of the documents.

    Raises:
        ConfigurationError: names the setting: a colour that is hard to read, a logo that cannot be read or drawn.
    """
    path = settings.letterhead_logo
    try:
        logo = path.read_bytes() if path else None
    except OSError as error:
        what = f"the file cannot be read ({type(error).__name__})"
        raise ConfigurationError(f"letterhead_logo: {what}", code="letterhead.logo", key="letterhead_logo", what=what) from error
    return make_stationery(
        name=settings.letterhead_name,
        address=settings.letterhead_address,
        colour=settings.letterhead_colour,
        tint=settings.letterhead_tint,
        logo=logo,
    )
