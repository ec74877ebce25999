"""Mails whose bytes are put together as mail programs write them, with what a reader must find."""
