"""The database: engines, sessions and bulk statements."""
