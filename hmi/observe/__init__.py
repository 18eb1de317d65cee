"""What the product tells of itself: figures for a monitoring system, the state of each part for people."""
