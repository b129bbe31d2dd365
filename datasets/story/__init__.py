"""What happens in a clip: trips, visits, situations."""
