"""One file that holds the whole house, database and media, and the way back from it.

The file is a zip: `manifest.json`, one file of JSON lines for each table, and each medium under
its digest. It does not depend on the kind of database, but on the revision of the schema.
"""
