"""The platforms a post can leave for: one file each, behind one small protocol; knows no tables."""
