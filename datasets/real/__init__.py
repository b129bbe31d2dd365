"""Real pictures: other people's data sets, their conversion, and composing with rendered things."""
