"""The store's own certificates: authority, bundles, and what is deployed with them."""
