"""The registry's schema, built and brought up to date by Alembic."""

from storage.migrations.schema import ensure_schema, verify_schema

__all__ = ["ensure_schema", "verify_schema"]
