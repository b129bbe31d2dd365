"""HTTP beneath the pages: the web server, middleware, cookies, event streams."""
