"""The registry's tables. Alembic's revisions build them; a test compares both.

A row that has a rule of its own (a unique fact, a fenced claim, a leased outbox row) has real columns; a record that is only
ever read whole (a member, a programme) is a JSON document beside the columns by which it is found.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint, text

from conventions.agreements import Campaign
from conventions.members import Member
from conventions.powers import Delegation
from conventions.programmes import Programme
from storage.registry.columns import Bytes, CanonicalJson, Document, Instant, Key, Sequence

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

WAITING = text("state = 'waiting'")
DEAD = text("state = 'dead'")
LOCKED = text("closed_as = 'locked'")
FAILED = text("failed_step IS NOT NULL")
TO_SETTLE = text("settled_at IS NULL AND kind <> 'note'")


def _table(name: str, *parts: Column[Any] | UniqueConstraint | Index) -> Table:
    return Table(name, metadata, *parts, implicit_returning=False)


def _number() -> Column[Any]:
    return Column("number", Sequence, primary_key=True, autoincrement=True)


members = _table(
    "members",
    Column("id", Key, primary_key=True),
    Column("siret", Key, nullable=False, unique=True),
    Column("document", Document(Member), nullable=False),
)

programmes = _table(
    "programmes",
    Column("id", Key, primary_key=True),
    Column("document", Document(Programme), nullable=False),
)

delegations = _table(
    "delegations",
    Column("id", Key, primary_key=True),
    Column("programme_id", Key, ForeignKey("programmes.id"), nullable=False, index=True),
    Column("document", Document(Delegation), nullable=False),
)

campaigns = _table(
    "campaigns",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("programme_id", Key, ForeignKey("programmes.id"), nullable=False),
    Column("document", Document(Campaign), nullable=False),
)

reference_counters = _table(
    "reference_counters",
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

agreements = _table(
    "agreements",
    Column("reference", Key, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("programme_id", Key, ForeignKey("programmes.id"), nullable=False),
    Column("member_id", Key, ForeignKey("members.id"), nullable=False, index=True),
    Column("campaign_id", Key, ForeignKey("campaigns.id"), nullable=False),
    Column("failed_step", Text),
    Column("failure_code", Text),
    Column("failed_at", Instant),
    Column("failed_attempts", Integer),
    UniqueConstraint("campaign_id", "member_id"),
    Index(None, "campaign_id", "reference"),
    Index("ix_agreements_failed", "reference", sqlite_where=FAILED, postgresql_where=FAILED),
)

facts = _table(
    "facts",
    _number(),
    Column("reference", Key, ForeignKey("agreements.reference"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("key", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("at", Instant, nullable=False),
    Column("data", CanonicalJson, nullable=False),
    UniqueConstraint("reference", "version", "key"),
)

artefacts = _table(
    "artefacts",
    _number(),
    Column("reference", Key, ForeignKey("agreements.reference"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("stage", Key, nullable=False),
    Column("sha256", Key, nullable=False, index=True),
    Column("size_bytes", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("reference", "version", "stage"),
)

claims = _table(
    "claims",
    Column("name", Key, primary_key=True),
    Column("holder", Key, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("until", Instant),
)

events = _table(
    "events",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("type", Key, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reference", Key, index=True),
    Column("canonical", Bytes, nullable=False),
)

leaves = _table(
    "leaves",
    Column("tree_index", Sequence, primary_key=True, autoincrement=False),
    Column("event_number", Sequence, ForeignKey("events.number"), nullable=False, unique=True),
    Column("leaf_sha256", Bytes, nullable=False),
)

unsequenced_events = _table(
    "unsequenced_events",
    Column("event_number", Sequence, ForeignKey("events.number"), primary_key=True, autoincrement=False),
)

personal_fields = _table(
    "personal_fields",
    Column("event_number", Sequence, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("name", Key, primary_key=True),
    Column("value", Text, nullable=False),
    Column("salt", Key, nullable=False),
)

tree_nodes = _table(
    "tree_nodes",
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", Sequence, primary_key=True, autoincrement=False),
    Column("sha256", Bytes, nullable=False),
)

journal_heads = _table(
    "journal_heads",
    Column("size", Sequence, primary_key=True, autoincrement=False),
    Column("root_sha256", Key, nullable=False),
    Column("previous_size", Sequence, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("segment_sha256", Key, nullable=False),
    Column("stamps", CanonicalJson, nullable=False),
)

outbox = _table(
    "outbox",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("key", Key, nullable=False, unique=True),
    Column("template", Key, nullable=False),
    Column("reference", Key, nullable=False, index=True),
    Column("ids", CanonicalJson, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Key, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", Integer, nullable=False),
    Column("leased_until", Instant),
    Column("last_error_code", Text),
    Column("settled_at", Instant),
    Index("ix_outbox_waiting", "due_at", "number", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_outbox_dead", "number", sqlite_where=DEAD, postgresql_where=DEAD),
)

links = _table(
    "links",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("reference", Key, ForeignKey("agreements.reference"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("purpose", Key, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("closed_as", Key),
    Column("closed_at", Instant),
    Column("wrong_codes", Integer, nullable=False),
    Index("ix_links_locked", "reference", sqlite_where=LOCKED, postgresql_where=LOCKED),
)

visits = _table(
    "visits",
    Column("id", Key, primary_key=True),
    Column("link_id", Key, ForeignKey("links.id"), nullable=False, index=True),
    Column("cookie_sha256", Key, nullable=False, unique=True),
    Column("begun_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("visitor", Key, nullable=False),
    Column("classified_because", Text, nullable=False),
    Column("turned", CanonicalJson, nullable=False),
    Column("served_as", CanonicalJson, nullable=False),
)

code_requests = _table(
    "code_requests",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("link_id", Key, ForeignKey("links.id"), nullable=False, index=True),
    Column("document_sha256", Key, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("made_at", Instant),
    Column("mac", Key),
    Column("used_at", Instant),
)

attentions = _table(
    "attentions",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("reference", Key, ForeignKey("agreements.reference"), nullable=False, index=True),
    Column("kind", Key, nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("link_id", Key),
    Column("settled_at", Instant),
    Column("settled_by", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Index("ix_attentions_to_settle", "reference", sqlite_where=TO_SETTLE, postgresql_where=TO_SETTLE),
)

accounts = _table(
    "accounts",
    Column("id", Key, primary_key=True),
    Column("login", Key, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("roles", CanonicalJson, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("totp_sealed", Text, nullable=False),
    Column("totp_last_step", Sequence, nullable=False),
    Column("delegation_id", Key),
    Column("failed_sign_ins", Integer, nullable=False),
    Column("paused_until", Instant),
)

sessions = _table(
    "sessions",
    Column("cookie_sha256", Key, primary_key=True),
    Column("account_id", Key, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("begun_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("second_factor_at", Instant),
)

reviews = _table(
    "reviews",
    Column("account_id", Key, ForeignKey("accounts.id"), primary_key=True),
    Column("reference", Key, ForeignKey("agreements.reference"), primary_key=True),
    Column("member_signed_sha256", Key, primary_key=True),
    Column("mark", Key, nullable=False),
    Column("how_shown", Key, nullable=False),
    Column("at", Instant, nullable=False),
)

model_reads = _table(
    "model_reads",
    Column("account_id", Key, ForeignKey("accounts.id"), primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("sha256", Key, primary_key=True),
    Column("at", Instant, nullable=False),
)

authorisations = _table(
    "authorisations",
    _number(),
    Column("id", Key, nullable=False, unique=True),
    Column("account_id", Key, ForeignKey("accounts.id"), nullable=False),
    Column("delegation_id", Key, nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("items", CanonicalJson, nullable=False),
    Column("manifest", Bytes),
    Column("cms", Bytes),
    Column("timestamp", Bytes),
    Column("sealed_at", Instant),
)

archive_entries = _table(
    "archive_entries",
    Column("reference", Key, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("key", Key, nullable=False, unique=True),
    Column("kind", Key, nullable=False),
    Column("sha256", Key, nullable=False, index=True),
    Column("size_bytes", Sequence, nullable=False),
    Column("retain_until", Instant, nullable=False),
    Column("completed_at", Instant),
)

shown_states = _table(
    "shown_states",
    Column("reference", Key, primary_key=True),
    Column("shown", Text),
    Column("run_id", Text),
)

search_rows = _table(
    "search_rows",
    Column("reference", Key, ForeignKey("agreements.reference"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("kind", Key, nullable=False),
    Column("campaign_id", Key, nullable=False),
    Column("contribution_eur", Integer, nullable=False),
    Column("services", Text, nullable=False),
    Column("signed_at", Instant),
)

search_statuses = _table(
    "search_statuses",
    Column("reference", Key, ForeignKey("agreements.reference"), primary_key=True),
    Column("from_at", Instant, primary_key=True),
    Column("until_at", Instant, nullable=False),
    Column("status", Key, nullable=False),
    Index("ix_search_statuses_found", "status", "reference", "from_at", "until_at"),
)
