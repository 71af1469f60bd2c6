"""The System page: board, link, storage, backup, clock, software, web server and power."""
