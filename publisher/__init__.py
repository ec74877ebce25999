"""The house: everything that knows tables, people, platforms and time."""
