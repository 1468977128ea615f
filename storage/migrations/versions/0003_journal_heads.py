"""Roots of the journal's complete subtrees, from which proofs are made at once, and its stamped heads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.registry.columns import Bytes, CanonicalJson, Instant, Key, Sequence

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER journal_heads_keep_{verb.lower()} BEFORE {verb} ON journal_heads "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)
POSTGRESQL_GUARDS = (
    "CREATE TRIGGER journal_heads_keep BEFORE UPDATE OR DELETE ON journal_heads FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER journal_heads_keep_all BEFORE TRUNCATE ON journal_heads FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    """Create both tables; nodes can be made again from the leaves, heads only grow."""
    op.create_table(
        "tree_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", Sequence, autoincrement=False, nullable=False),
        sa.Column("sha256", Bytes(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_tree_nodes"),
    )
    op.create_table(
        "journal_heads",
        sa.Column("size", Sequence, autoincrement=False, nullable=False),
        sa.Column("root_sha256", Key, nullable=False),
        sa.Column("previous_size", Sequence, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("segment_sha256", Key, nullable=False),
        sa.Column("stamps", CanonicalJson(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_journal_heads"),
        sa.UniqueConstraint("previous_size", name="uq_journal_heads_previous_size"),
    )
    for statement in SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_GUARDS:
        op.execute(statement)
