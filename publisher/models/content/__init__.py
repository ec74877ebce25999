"""Submissions, and the posts that are made from them."""
