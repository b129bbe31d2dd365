"""The store's own certificates: authority, bundles, and their deployment."""
