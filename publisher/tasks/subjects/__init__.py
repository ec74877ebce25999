"""Which tasks subjects have: one module a subject, which reads and writes nothing."""
