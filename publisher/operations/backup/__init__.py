"""Backup of database and media in one file, and restore.

The file is a zip: `manifest.json`, a file of JSON lines for each table, and each medium under its
digest. It depends on the schema revision, not on the database system.
"""
