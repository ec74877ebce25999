"""Delivery: due deliveries are claimed, judged by the gate, sent once, and checked afterwards."""
