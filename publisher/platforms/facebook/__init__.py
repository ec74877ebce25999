"""Facebook pages, through facebook-sdk: posts with photos, comments, and what is said back.

Source: the Graph interface's own pages on page feeds, photos, comments, errors and rate limits.
"""
