"""The benches themselves: that they measure what they say, on very little."""
