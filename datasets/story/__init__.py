"""The plot of a clip: trips, visits, situations."""
