"""The window: panels, plots and dialogs. Qt only here; knows the service through its HTTP API and event stream."""
