"""Sentences for codes: refusals, field errors, reasons and history.

Every sentence is an English msgid; values are filled in the language of the page.
"""
