"""Facebook pages, through facebook-sdk: posts with photos, comments and replies.

Source: the Graph API's own documentation of page feeds, photos, comments, errors and rate limits.
"""
