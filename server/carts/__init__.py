"""The carts of a store as they are now: live view, timeline, review queue, help requests, corrections, shift."""
