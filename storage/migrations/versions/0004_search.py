"""What agreements are found by, and when each of their statuses holds; filled as their facts are recorded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.registry.columns import Instant, Key

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "search_rows",
        sa.Column("reference", Key, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", Key, nullable=False),
        sa.Column("campaign_id", Key, nullable=False),
        sa.Column("contribution_eur", sa.Integer(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("signed_at", Instant()),
        sa.PrimaryKeyConstraint("reference", name="pk_search_rows"),
        sa.ForeignKeyConstraint(["reference"], ["agreements.reference"], name="fk_search_rows_reference"),
    )
    op.create_table(
        "search_statuses",
        sa.Column("reference", Key, nullable=False),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("until_at", Instant(), nullable=False),
        sa.Column("status", Key, nullable=False),
        sa.PrimaryKeyConstraint("reference", "from_at", name="pk_search_statuses"),
        sa.ForeignKeyConstraint(["reference"], ["agreements.reference"], name="fk_search_statuses_reference"),
    )
    op.create_index("ix_search_statuses_status_reference", "search_statuses", ["status", "reference"])
