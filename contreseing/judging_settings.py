"""Settings of judging: which trusted lists tell what is qualified, and who is asked beside our own readers."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

EUROPEAN_LIST_URL = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"
"""Where the Commission publishes the list of the lists (Regulation (EU) 910/2014, article 22, 4)."""


class JudgingSettings(BaseSettings):
    """What readers look at beside a file itself."""

    trusted_lists_dir: Path | None = Field(
        None, description="Folder of the trusted lists, refreshed every night; without it none is consulted, and nothing is *qualified*."
    )
    trusted_lists_url: str = Field(EUROPEAN_LIST_URL, pattern="^https?://", description="Address of the list of the lists.")
    trusted_lists_signers: Path | None = Field(
        None, description="PEM of those who may sign that list; without it, those that the Official Journal of the EU published."
    )
    dss_url: str | None = Field(
        None,
        pattern="^https?://",
        description="Address of an EU DSS service of yours (the third reader); a file that it refuses is not archived. None without it.",
    )
    dss_token: SecretStr | None = Field(None, description="Bearer token for that service; for the flows alone.")
    trusted_lists_territories: str = Field(
        "", description="Territories whose lists are taken (`FR LU`), separated by spaces; all without it."
    )
