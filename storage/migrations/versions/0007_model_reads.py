"""Which model each account of the desk has read, by the digest of its text; nobody has read any before this."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.registry.columns import Instant, Key

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "model_reads",
        sa.Column("account_id", Key, nullable=False),
        sa.Column("kind", Key, nullable=False),
        sa.Column("sha256", Key, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "sha256", name="pk_model_reads"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_model_reads_account_id"),
    )
