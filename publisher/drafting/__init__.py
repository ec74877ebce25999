"""Drafts of posts: each save is a revision with its author, note and pictures."""
