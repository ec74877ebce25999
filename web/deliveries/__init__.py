"""Pages of deliveries: the board, a delivery, holds, publishing by hand, failed mail."""
