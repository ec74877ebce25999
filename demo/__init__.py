"""The demo city: invented people, notices, comments and pictures that the house is shown with."""
