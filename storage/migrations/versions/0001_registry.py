"""The registry as it first was: records, outbox, signers, office, archive, board."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.registry.columns import Bytes, CanonicalJson, Instant, Key, Sequence

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Create every table but the journal's."""
    _create_records()
    _create_outbox()
    _create_signers()
    _create_office()
    _create_archive()


def _number() -> sa.Column[Any]:
    return sa.Column("number", Sequence, autoincrement=True, nullable=False)


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Key, nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Instant(), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, CanonicalJson(), nullable=False)


def _create_records() -> None:
    op.create_table("members", _key("id"), _key("siret"), _text("document"), _primary("members", "id"), _unique("members", "siret"))
    op.create_table("programmes", _key("id"), _text("document"), _primary("programmes", "id"))
    op.create_table(
        "delegations",
        _key("id"),
        _key("programme_id"),
        _text("document"),
        _primary("delegations", "id"),
        _foreign("delegations", "programme_id", "programmes.id"),
    )
    _index("delegations", "programme_id")
    op.create_table(
        "campaigns",
        _number(),
        _key("id"),
        _key("programme_id"),
        _text("document"),
        _primary("campaigns", "number"),
        _unique("campaigns", "id"),
        _foreign("campaigns", "programme_id", "programmes.id"),
    )
    op.create_table("reference_counters", _integer("year"), _integer("last"), _primary("reference_counters", "year"))
    op.create_table(
        "agreements",
        _key("reference"),
        _key("kind"),
        _key("programme_id"),
        _key("member_id"),
        _key("campaign_id"),
        _text("failed_step", nullable=True),
        _text("failure_code", nullable=True),
        _instant("failed_at", nullable=True),
        _integer("failed_attempts", nullable=True),
        _primary("agreements", "reference"),
        _unique("agreements", "campaign_id", "member_id"),
        _foreign("agreements", "programme_id", "programmes.id"),
        _foreign("agreements", "member_id", "members.id"),
        _foreign("agreements", "campaign_id", "campaigns.id"),
    )
    _index("agreements", "member_id")
    _index("agreements", "campaign_id", "reference")
    op.create_table(
        "facts",
        _number(),
        _key("reference"),
        _integer("version"),
        _key("key"),
        _key("kind"),
        _instant("at"),
        _json("data"),
        _primary("facts", "number"),
        _unique("facts", "reference", "version", "key"),
        _foreign("facts", "reference", "agreements.reference"),
    )
    op.create_table(
        "artefacts",
        _number(),
        _key("reference"),
        _integer("version"),
        _key("stage"),
        _key("sha256"),
        _integer("size_bytes"),
        _instant("at"),
        _primary("artefacts", "number"),
        _unique("artefacts", "reference", "version", "stage"),
        _foreign("artefacts", "reference", "agreements.reference"),
    )
    op.create_table("claims", _key("name"), _key("holder"), _integer("fence"), _instant("until", nullable=True), _primary("claims", "name"))


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        _number(),
        _key("id"),
        _key("key"),
        _key("template"),
        _key("reference"),
        _json("ids"),
        _instant("due_at"),
        _key("state"),
        _integer("attempts"),
        _integer("lease"),
        _instant("leased_until", nullable=True),
        _text("last_error_code", nullable=True),
        _instant("settled_at", nullable=True),
        _primary("outbox", "number"),
        _unique("outbox", "id"),
        _unique("outbox", "key"),
    )
    _index("outbox", "reference")
    op.create_index("ix_outbox_waiting", "outbox", ["due_at", "number"], sqlite_where=WAITING, postgresql_where=WAITING)


def _create_signers() -> None:
    op.create_table(
        "links",
        _number(),
        _key("id"),
        _key("reference"),
        _integer("version"),
        _key("purpose"),
        _text("address"),
        _instant("created_at"),
        _instant("expires_at"),
        _key("closed_as", nullable=True),
        _instant("closed_at", nullable=True),
        _integer("wrong_codes"),
        _primary("links", "number"),
        _unique("links", "id"),
        _foreign("links", "reference", "agreements.reference"),
    )
    _index("links", "reference")
    op.create_table(
        "visits",
        _key("id"),
        _key("link_id"),
        _key("cookie_sha256"),
        _instant("begun_at"),
        _instant("expires_at"),
        _key("visitor"),
        _text("classified_because"),
        _json("turned"),
        _json("served_as"),
        _primary("visits", "id"),
        _unique("visits", "cookie_sha256"),
        _foreign("visits", "link_id", "links.id"),
    )
    _index("visits", "link_id")
    op.create_table(
        "code_requests",
        _number(),
        _key("id"),
        _key("link_id"),
        _key("document_sha256"),
        _instant("requested_at"),
        _instant("made_at", nullable=True),
        _key("mac", nullable=True),
        _instant("used_at", nullable=True),
        _primary("code_requests", "number"),
        _unique("code_requests", "id"),
        _foreign("code_requests", "link_id", "links.id"),
    )
    _index("code_requests", "link_id")


def _create_office() -> None:
    op.create_table(
        "accounts",
        _key("id"),
        _key("login"),
        _text("name"),
        _json("roles"),
        _text("password_hash"),
        _text("totp_sealed"),
        sa.Column("totp_last_step", Sequence, autoincrement=False, nullable=False),
        _key("delegation_id", nullable=True),
        _integer("failed_sign_ins"),
        _instant("paused_until", nullable=True),
        _primary("accounts", "id"),
        _unique("accounts", "login"),
    )
    op.create_table(
        "sessions",
        _key("cookie_sha256"),
        _key("account_id"),
        _instant("begun_at"),
        _instant("expires_at"),
        _instant("second_factor_at", nullable=True),
        _primary("sessions", "cookie_sha256"),
        _foreign("sessions", "account_id", "accounts.id"),
    )
    _index("sessions", "account_id")
    op.create_table(
        "reviews",
        _key("account_id"),
        _key("reference"),
        _key("member_signed_sha256"),
        _key("mark"),
        _key("how_shown"),
        _instant("at"),
        _primary("reviews", "account_id", "reference", "member_signed_sha256"),
        _foreign("reviews", "account_id", "accounts.id"),
        _foreign("reviews", "reference", "agreements.reference"),
    )
    op.create_table(
        "authorisations",
        _number(),
        _key("id"),
        _key("account_id"),
        _key("delegation_id"),
        _instant("at"),
        _instant("expires_at"),
        _json("items"),
        sa.Column("manifest", Bytes()),
        sa.Column("cms", Bytes()),
        sa.Column("timestamp", Bytes()),
        _instant("sealed_at", nullable=True),
        _primary("authorisations", "number"),
        _unique("authorisations", "id"),
        _foreign("authorisations", "account_id", "accounts.id"),
    )


def _create_archive() -> None:
    op.create_table(
        "archive_entries",
        _key("reference"),
        _integer("seq"),
        _key("key"),
        _key("kind"),
        _key("sha256"),
        sa.Column("size_bytes", Sequence, autoincrement=False, nullable=False),
        _instant("retain_until"),
        _instant("completed_at", nullable=True),
        _primary("archive_entries", "reference", "seq"),
        _unique("archive_entries", "key"),
    )
    op.create_table(
        "shown_states",
        _key("reference"),
        _text("shown", nullable=True),
        _text("run_id", nullable=True),
        _primary("shown_states", "reference"),
    )
