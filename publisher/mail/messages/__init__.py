"""Read messages as they came by mail, without a database."""
