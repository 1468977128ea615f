"""The registry on SQLAlchemy Core: the same code on SQLite (WAL) and PostgreSQL (psycopg 3)."""

from storage.registry.registry import SqlRegistry

__all__ = ["SqlRegistry"]
