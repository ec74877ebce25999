"""Tests of the pages: access, bad input, and forms that are not lost."""
