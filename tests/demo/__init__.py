"""The demo city as it stands after its seeding."""
