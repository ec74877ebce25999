"""Pages of people, departments and their changes."""
