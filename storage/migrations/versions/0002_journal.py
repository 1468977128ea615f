"""The journal: events and leaves that only grow, the queue of the sequencer, personal fields that can be purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.registry.columns import Bytes, Instant, Key, Sequence

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("events", "leaves")

SQLITE_GUARDS = (
    """
    CREATE TRIGGER events_wait AFTER INSERT ON events
    BEGIN INSERT INTO unsequenced_events (event_number) VALUES (NEW.number); END
    """,
    """
    CREATE TRIGGER events_once BEFORE INSERT ON events WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id OR number = NEW.number)
    BEGIN SELECT RAISE(IGNORE); END
    """,
    """
    CREATE TRIGGER leaves_follow BEFORE INSERT ON leaves
    WHEN NEW.tree_index <> (SELECT coalesce(max(tree_index) + 1, 0) FROM leaves)
    BEGIN SELECT RAISE(ABORT, 'a leaf follows the last one'); END
    """,
)

POSTGRESQL_GUARDS = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE FUNCTION await_sequencer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO unsequenced_events (event_number) VALUES (NEW.number); RETURN NULL; END $$
    """,
    "CREATE TRIGGER events_wait AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION await_sequencer()",
    """
    CREATE FUNCTION require_next_leaf() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.tree_index <> (SELECT coalesce(max(tree_index) + 1, 0) FROM leaves) THEN
            RAISE EXCEPTION 'a leaf follows the last one' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER leaves_follow BEFORE INSERT ON leaves FOR EACH ROW EXECUTE FUNCTION require_next_leaf()",
)


def upgrade() -> None:
    """Create the journal's tables and the triggers that keep it append-only."""
    op.create_table(
        "events",
        sa.Column("number", Sequence, autoincrement=True, nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("type", Key, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("reference", Key),
        sa.Column("canonical", Bytes(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    op.create_index("ix_events_reference", "events", ["reference"])
    op.create_table(
        "leaves",
        sa.Column("tree_index", Sequence, autoincrement=False, nullable=False),
        sa.Column("event_number", Sequence, autoincrement=False, nullable=False),
        sa.Column("leaf_sha256", Bytes(), nullable=False),
        sa.PrimaryKeyConstraint("tree_index", name="pk_leaves"),
        sa.UniqueConstraint("event_number", name="uq_leaves_event_number"),
        sa.ForeignKeyConstraint(["event_number"], ["events.number"], name="fk_leaves_event_number"),
    )
    op.create_table(
        "unsequenced_events",
        sa.Column("event_number", Sequence, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("event_number", name="pk_unsequenced_events"),
        sa.ForeignKeyConstraint(["event_number"], ["events.number"], name="fk_unsequenced_events_event_number"),
    )
    op.create_table(
        "personal_fields",
        sa.Column("event_number", Sequence, autoincrement=False, nullable=False),
        sa.Column("name", Key, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("salt", Key, nullable=False),
        sa.PrimaryKeyConstraint("event_number", "name", name="pk_personal_fields"),
        sa.ForeignKeyConstraint(["event_number"], ["events.number"], name="fk_personal_fields_event_number"),
    )
    for statement in _guards():
        op.execute(statement)


def _guards() -> list[str]:
    if op.get_bind().dialect.name == "sqlite":
        refused = [
            f"CREATE TRIGGER {table}_keep_{verb.lower()} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
            for table in APPEND_ONLY
            for verb in ("UPDATE", "DELETE")
        ]
        return [*SQLITE_GUARDS, *refused]
    refused = [
        statement
        for table in APPEND_ONLY
        for statement in (
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )
    ]
    return [*POSTGRESQL_GUARDS, *refused]
