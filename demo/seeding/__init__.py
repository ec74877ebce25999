"""Seeding a demo city: its people and accounts, then its past, played by the use cases."""
