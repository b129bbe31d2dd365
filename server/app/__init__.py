"""The server put together: the web application, and everything that starts and stops with it."""
