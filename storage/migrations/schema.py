"""Bring a database to the schema of this version, whoever else starts at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from conventions.errors import ConfigurationError
from storage.registry.engine import open_engine, reading, transaction, writing
from storage.registry.failures import converted

MIGRATION_LOCK = 0x436F6E75  # PostgreSQL's advisory lock of the one migration


def ensure_schema(url: str) -> tuple[str | None, str | None]:
    """Create the schema, or bring it up to date, in one transaction that holds off any other start.

    Return the revision found (None in an empty database), and the one that stands now.

    Raises:
        ConfigurationError: the address cannot be read, or the database is of a later version than this program.
        UpstreamUnavailable: the database does not answer.
    """
    script = _script()
    engine = open_engine(url)
    try:
        with transaction(writing(engine)) as connection:
            try:
                if engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                found = MigrationContext.configure(connection).get_current_revision()
                _upgrade(connection, script)
            except SQLAlchemyError as error:
                raise converted(error) from error
    finally:
        engine.dispose()
    return found, script.get_current_head()


def verify_schema(url: str) -> None:
    """Check that a database has exactly the schema of this version.

    Raises:
        ConfigurationError: it is older, later, or empty.
        UpstreamUnavailable: the database does not answer.
    """
    script = _script()
    expected = script.get_current_head()
    engine = open_engine(url)
    try:
        with transaction(reading(engine)) as connection:
            try:
                found = MigrationContext.configure(connection).get_current_revision()
            except SQLAlchemyError as error:
                raise converted(error) from error
    finally:
        engine.dispose()
    if found != expected:
        is_known = found is None or found in {one.revision for one in script.walk_revisions()}
        code = "registry.schema" if is_known else "registry.schema_later"
        raise ConfigurationError(f"the database's schema is {found or 'absent'}, this version needs {expected}", code=code)


def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _upgrade(connection: Connection, script: ScriptDirectory) -> None:
    def steps(revision: Any, _context: MigrationContext) -> Iterable[Any]:  # noqa: ANN401 Alembic names neither type publicly
        known = {found.revision for found in script.walk_revisions()}
        heads = revision if isinstance(revision, tuple) else (revision,) if revision else ()
        if not known.issuperset(heads):
            raise ConfigurationError("the database is of a later version than this program", code="registry.schema_later")
        return script._upgrade_revs("head", revision)  # noqa: SLF001 what Alembic's own upgrade command calls

    # the transaction is ours, locks included: Alembic neither begins nor commits one
    context = MigrationContext.configure(connection, opts={"fn": steps, "transactional_ddl": True})
    with Operations.context(context):
        context.run_migrations()
