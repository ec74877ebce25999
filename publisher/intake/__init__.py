"""Submissions of the departments: hand in, list, edit, ask, merge and close."""
