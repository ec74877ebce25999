"""X by version 2 of its API, with tweepy's client: posts, pictures, replies, comments.

Both vocabularies of the API are read: the older names (tweet) and the newer ones (post).
"""
