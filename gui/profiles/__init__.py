"""The Profiles page: experiment profiles are written, looked at, rehearsed and run."""
