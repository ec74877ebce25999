"""Mails to the Cell become submissions, answers and notes, or wait in quarantine."""
