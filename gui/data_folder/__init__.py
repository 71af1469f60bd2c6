"""The data folder's browser: folders, texts, saving a copy, removing a file."""
