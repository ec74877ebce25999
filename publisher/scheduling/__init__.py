"""Schedule of approved variants, and the stops and freezes that hold them back."""
