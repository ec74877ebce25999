"""Starting texts, signature lines and hashtags: kept by the cell, put into a draft, filled in."""
