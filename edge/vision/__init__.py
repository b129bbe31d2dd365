"""Vision: detector, recogniser, the basket zone, camera health."""
