"""Mails to the Cell: read from their bytes, and taken in."""
