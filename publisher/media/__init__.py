"""Pictures and other files: looked at, made ready for each platform, stored and opened."""
