"""Review of revisions: officers approve, return or reject them, or withdraw an approval."""
