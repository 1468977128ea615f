"""What people tell the agents, apart from failures; and the indexes by which what waits for an agent is found.

The index of statuses holds all that counting them needs: the table itself is not read. A question flagged as a failure until
now, the only place it had, waits as a question from now on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.registry.columns import Instant, Key, Sequence

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PARTIAL = (
    ("ix_agreements_failed", "agreements", "reference", "failed_step IS NOT NULL"),
    ("ix_outbox_dead", "outbox", "number", "state = 'dead'"),
    ("ix_links_locked", "links", "reference", "closed_as = 'locked'"),
    ("ix_attentions_to_settle", "attentions", "reference", "settled_at IS NULL AND kind <> 'note'"),
)
FLAGGED_QUESTIONS = (
    """
    INSERT INTO attentions (id, reference, kind, at, text, "by", settled_by, remark)
    SELECT e.id, e.reference, 'question', e.at, coalesce(p.value, ''), '', '', ''
    FROM events e LEFT JOIN personal_fields p ON p.event_number = e.number AND p.name = 'text'
    WHERE e.type = 'question.asked' AND e.reference IN (SELECT reference FROM agreements WHERE failed_step = 'question')
    ORDER BY e.number
    """,
    """
    UPDATE agreements SET failed_step = NULL, failure_code = NULL, failed_at = NULL, failed_attempts = NULL
    WHERE failed_step = 'question'
    """,
)


def upgrade() -> None:
    """Create the table and the indexes, and bring in the questions that were flagged."""
    op.create_table(
        "attentions",
        sa.Column("number", Sequence, autoincrement=True, nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("reference", Key, nullable=False),
        sa.Column("kind", Key, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("link_id", Key),
        sa.Column("settled_at", Instant()),
        sa.Column("settled_by", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_attentions"),
        sa.UniqueConstraint("id", name="uq_attentions_id"),
        sa.ForeignKeyConstraint(["reference"], ["agreements.reference"], name="fk_attentions_reference"),
    )
    op.create_index("ix_attentions_reference", "attentions", ["reference"])
    for name, table, column, condition in PARTIAL:
        op.create_index(name, table, [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    op.drop_index("ix_search_statuses_status_reference", "search_statuses")
    op.create_index("ix_search_statuses_found", "search_statuses", ["status", "reference", "from_at", "until_at"])
    for statement in FLAGGED_QUESTIONS:
        op.execute(statement)
