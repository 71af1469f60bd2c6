"""What the service tells of itself: health, version, state of the HTTP server."""
