"""What pages and API share: the facade over one store, and who may do what."""
