"""The look book: every macro in every state, and what a browser finds on it."""
