"""Pages of people who move to other offices, and of handing their work over."""
