"""A multipart/form-data body with one file."""

from __future__ import annotations

_BOUNDARY = "a-line-that-is-in-no-file"


def multipart(field: str, filename: str, content: bytes) -> tuple[bytes, str]:
    """Return the body and its content type; a field without a file name is sent when `filename` is empty."""
    name = f'; filename="{filename}"' if filename else ""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{name}\r\n'
    head += "Content-Type: application/zip\r\n\r\n" if filename else "\r\n"
    return head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"
