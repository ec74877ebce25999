"""Notices to people: composed in their language, and sent by e-mail or SMS in a tick."""
