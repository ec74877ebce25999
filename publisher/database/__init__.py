"""The database: engines, sessions, bulk statements and prepared statements."""
