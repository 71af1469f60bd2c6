"""The Plugins page: what is installed, what each adds, installing and uninstalling."""
