"""Frames on the wire: COBS (Cheshire and Baker 1999) around a header, a payload and a CRC-32.

Runs unchanged under CPython (the host, the simulated board) and under MicroPython (the board), so it uses
only what both have. Layout before COBS, little endian::

    kind u8 | session u8 | sequence u16 | payload 0..MAX_PAYLOAD bytes | crc32 u32 of all before it

On the wire a zero byte stands before and after each frame and occurs nowhere else; the one before keeps a half frame
from spoiling the whole one that follows it. A frame that does not decode, has the wrong CRC or is too long is skipped
and counted, never guessed at.
"""

import binascii
import struct

HELLO = 0x01  # host to board: open a session
COMMAND = 0x02  # host to board: do something, exactly once, in order
WELCOME = 0x81  # board to host: the session is open
REPLY = 0x82  # board to host: answers the command of the same sequence number
TELEMETRY = 0x83  # board to host: a reading or an event; may be lost, the gap in its own numbering shows it

MAX_PAYLOAD = 480
_HEADER = "<BBH"
_HEADER_SIZE = 4
_CRC_SIZE = 4
_LONG_BLOCK = 254  # bytes without a zero that one code can stand for
_MAX_DECODED = _HEADER_SIZE + MAX_PAYLOAD + _CRC_SIZE
MAX_ENCODED = _MAX_DECODED + _MAX_DECODED // 254 + 2


class FrameError(ValueError):
    """The bytes between two delimiters are not a whole, undamaged frame."""


def cobs_encode(data: bytes) -> bytes:
    """Return `data` with every zero byte stuffed away; without delimiters."""
    if len(data) < _LONG_BLOCK:
        return _encode_short(data)
    pieces = []
    for block in data.split(b"\x00"):
        while len(block) >= _LONG_BLOCK:
            pieces.append(b"\xff")
            pieces.append(block[:_LONG_BLOCK])
            block = block[_LONG_BLOCK:]
        pieces.append(bytes((len(block) + 1,)))
        pieces.append(block)
    return b"".join(pieces)


def _encode_short(data: bytes) -> bytes:
    """Encode data without long blocks: each zero becomes the distance to the next one. Most frames are like that."""
    encoded = bytearray(b"\x00" + data)
    position = 0
    for block in data.split(b"\x00"):
        step = len(block) + 1
        encoded[position] = step
        position += step
    return bytes(encoded)


def cobs_decode(encoded: bytes) -> bytes:
    """Undo `cobs_encode`; raise FrameError when a block runs past the end or holds a zero byte."""
    if b"\x00" in encoded:
        raise FrameError("a zero byte within a frame")
    data = bytearray(encoded)
    position = 0
    end = len(encoded)
    while position < end:
        code = encoded[position]
        if code == 255:
            return _decode_long(encoded)
        data[position] = 0
        position += code
    if position != end:
        raise FrameError("broken byte stuffing")
    return bytes(data[1:])


def _decode_long(encoded: bytes) -> bytes:
    """Decode what holds long blocks, which no zero byte follows."""
    pieces = []
    position = 0
    end = len(encoded)
    while position < end:
        code = encoded[position]
        following = position + code
        if following > end:
            raise FrameError("broken byte stuffing")
        pieces.append(encoded[position + 1 : following])
        position = following
        if code < 255 and position < end:
            pieces.append(b"\x00")
    return b"".join(pieces)


def encode_frame(kind: int, session: int, sequence: int, payload: bytes) -> bytes:
    """Return the bytes to put on the wire, delimiters included; raise FrameError when too long."""
    if len(payload) > MAX_PAYLOAD:
        raise FrameError("payload of %d bytes, at most %d fit" % (len(payload), MAX_PAYLOAD))
    body = struct.pack(_HEADER, kind, session, sequence) + payload
    return b"\x00" + cobs_encode(body + struct.pack("<I", binascii.crc32(body) & 0xFFFFFFFF)) + b"\x00"


def decode_frame(encoded: bytes) -> "tuple[int, int, int, bytes]":
    """Return (kind, session, sequence, payload) of the bytes between two delimiters, or raise FrameError."""
    body = cobs_decode(encoded)
    if not _HEADER_SIZE + _CRC_SIZE <= len(body) <= _MAX_DECODED:
        raise FrameError("frame of %d bytes" % len(body))
    (crc,) = struct.unpack("<I", body[-_CRC_SIZE:])
    body = body[:-_CRC_SIZE]
    if binascii.crc32(body) & 0xFFFFFFFF != crc:
        raise FrameError("wrong CRC")
    kind, session, sequence = struct.unpack(_HEADER, body[:_HEADER_SIZE])
    return kind, session, sequence, body[_HEADER_SIZE:]


class FrameReader:
    """Cuts a byte stream into frames; counts what it had to skip.

    Attributes:
        skipped: damaged, truncated or overlong frames so far.
    """

    def __init__(self) -> None:
        self._pending = b""
        self._overlong = False
        self.skipped = 0

    def feed(self, data: bytes) -> "list[tuple[int, int, int, bytes]]":
        """Return the whole frames that `data` completes, oldest first."""
        frames = []
        pieces = bytes(data).split(b"\x00")
        pieces[0] = self._pending + pieces[0]
        self._pending = pieces.pop()
        for piece in pieces:
            if piece:
                try:
                    if self._overlong:
                        raise FrameError("overlong")
                    frames.append(decode_frame(piece))
                except FrameError:
                    self.skipped += 1
            self._overlong = False
        if len(self._pending) > MAX_ENCODED:
            self._overlong = True
            self._pending = b"\x01"
        return frames
