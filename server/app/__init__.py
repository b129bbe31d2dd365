"""The assembled server: the web application, and everything that starts and stops with it."""
