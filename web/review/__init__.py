"""The review page, decisions, and approval in person by a code."""
