"""The use cases, one verb per file. Each is idempotent and never calls out while a transaction is open."""
