"""The schema's history: Alembic migrations for SQLite and PostgreSQL."""
