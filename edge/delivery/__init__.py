"""Delivery of events: publisher, outbox, courier, and other sinks."""
