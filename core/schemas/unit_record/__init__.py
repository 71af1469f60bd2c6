"""Requests and answers of the unit record's API, /v2."""
