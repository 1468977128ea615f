"""A file is found by its digest without reading every row."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the digests of artefacts and of archived objects."""
    op.create_index("ix_artefacts_sha256", "artefacts", ["sha256"])
    op.create_index("ix_archive_entries_sha256", "archive_entries", ["sha256"])
