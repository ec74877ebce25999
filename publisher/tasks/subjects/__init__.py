"""Which tasks subjects have: one module per subject, which reads and writes nothing."""
