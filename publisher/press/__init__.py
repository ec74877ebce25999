"""What goes out: deliveries are claimed, judged, sent once, and looked after."""
