"""The contract between cart and server: events, and the documents published from them."""
