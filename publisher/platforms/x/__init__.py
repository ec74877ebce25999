"""X by version 2 of its interface, signed for by tweepy: posts, pictures, replies, comments.

Both of the interface's dialects are read: the older names (tweet) and the newer (post).
"""
