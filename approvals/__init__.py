"""The rulebook: who may approve what, and what may leave. Plain Python, no database, no clock."""
