"""People who move to other offices by lists, and the hand-over of their open work."""
