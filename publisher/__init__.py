"""The application: everything that uses tables, people, platforms and time."""
