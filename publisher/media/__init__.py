"""Pictures and other files: they are inspected, rendered for each platform, stored and opened."""
