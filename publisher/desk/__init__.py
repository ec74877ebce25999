"""What comes in and becomes posts: intake, drafting, review and schedule."""
