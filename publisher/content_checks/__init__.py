"""Checks of a draft before review: each rule returns what may be wrong, and where."""
