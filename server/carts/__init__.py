"""The carts of a store: live view, timeline, review queue, help requests, corrections, shift."""
