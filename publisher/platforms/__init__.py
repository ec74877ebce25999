"""The platforms that a post can be sent to: a folder each, behind one protocol; no tables."""
