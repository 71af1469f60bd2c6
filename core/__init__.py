"""The service: jobs, experiments, records and the HTTP API. No Qt, no bytes on a wire."""
