"""Builds the documents adapter; apart, because its libraries take long to load."""

from __future__ import annotations

from contreseing.settings import Settings
from documents.adapter import ReportlabDocuments
from documents.wording_files import BUNDLED


def build_documents(settings: Settings) -> ReportlabDocuments:
    """Build the port ``documents``; a customer's wordings come before ours."""
    return ReportlabDocuments((settings.wordings_dir, BUNDLED) if settings.wordings_dir else (BUNDLED,))
