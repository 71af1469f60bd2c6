"""Requests, answers and events of the HTTP API, shared by the service and the window."""
