"""Real pictures: other people's data sets, their conversion, and compositions with rendered things."""
