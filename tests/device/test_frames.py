"""The frame codec: against the `cobs` package, and against noise."""

from __future__ import annotations

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.frames import (
    MAX_ENCODED,
    MAX_PAYLOAD,
    FrameError,
    FrameReader,
    cobs_decode,
    cobs_encode,
    decode_frame,
    encode_frame,
)

payloads = st.binary(max_size=MAX_PAYLOAD)
Frame = tuple[int, int, int, bytes]
frames = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 65_535), payloads)
# Long runs without a zero byte, and many zero bytes, are where byte stuffing goes wrong.
stuffable = st.one_of(
    st.binary(max_size=1200),
    st.builds(lambda n, tail: b"\x01" * n + tail, st.integers(250, 515), st.binary(max_size=4)),
    st.builds(lambda n, tail: b"\x00" * n + tail, st.integers(0, 300), st.binary(max_size=4)),
)


@given(stuffable)
def test_byte_stuffing_agrees_with_the_reference(data: bytes) -> None:
    encoded = cobs_encode(data)
    assert b"\x00" not in encoded
    assert cobs.decode(encoded) == data
    assert cobs_decode(encoded) == data
    assert cobs_decode(cobs.encode(data)) == data


@given(st.binary(max_size=600))
def test_decoding_refuses_what_the_reference_refuses(encoded: bytes) -> None:
    try:
        expected = cobs.decode(encoded)
    except cobs.DecodeError:
        with pytest.raises(FrameError):
            cobs_decode(encoded)
    else:
        assert cobs_decode(encoded) == expected


@given(frames)
def test_frames_come_back_as_they_went(frame: Frame) -> None:
    encoded = encode_frame(*frame)
    assert encoded[0] == encoded[-1] == 0
    assert b"\x00" not in encoded[1:-1]
    assert len(encoded) <= MAX_ENCODED + 2
    assert decode_frame(encoded[1:-1]) == frame


def test_too_long_a_payload_is_an_error() -> None:
    with pytest.raises(FrameError, match="481 bytes"):
        encode_frame(1, 2, 3, bytes(MAX_PAYLOAD + 1))


@given(st.lists(frames, max_size=6), st.data())
def test_any_cut_of_the_stream_gives_the_same_frames(
    sent: list[tuple[int, int, int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(encode_frame(*frame) for frame in sent)
    reader, received, position = FrameReader(), [], 0
    while position < len(stream):
        size = data.draw(st.integers(1, 700))
        received += reader.feed(stream[position : position + size])
        position += size
    assert received == sent
    assert reader.skipped == 0


@given(st.binary(max_size=2000), frames)
def test_after_any_noise_the_next_frame_is_heard(noise: bytes, frame: Frame) -> None:
    reader = FrameReader()
    reader.feed(noise)
    assert reader.feed(encode_frame(*frame))[-1:] == [frame]


@given(frames, st.data())
def test_a_damaged_frame_is_skipped_and_counted_never_misread(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(encode_frame(*frame))
    place = data.draw(st.integers(1, len(encoded) - 2))
    encoded[place] ^= data.draw(st.integers(1, 255))
    reader = FrameReader()
    assert reader.feed(bytes(encoded)) == []
    assert reader.skipped >= 1


@given(frames, frames, st.data())
def test_a_truncated_frame_does_not_spoil_the_next(cut: Frame, whole: Frame, data: st.DataObject) -> None:
    encoded = encode_frame(*cut)
    reader = FrameReader()
    assert reader.feed(encoded[: data.draw(st.integers(0, len(encoded) - 2))]) == []
    assert reader.feed(encode_frame(*whole)) == [whole]


@given(st.integers(MAX_ENCODED + 1, 20_000), st.integers(1, 700))
def test_an_overlong_frame_is_counted_once_and_memory_stays_small(length: int, chunk: int) -> None:
    reader, noise = FrameReader(), b"\x02" * length
    for position in range(0, length, chunk):
        assert reader.feed(noise[position : position + chunk]) == []
        assert len(reader._pending) <= MAX_ENCODED + chunk
    frame = (1, 2, 3, b"after")
    assert reader.feed(encode_frame(*frame)) == [frame]
    assert reader.skipped == 1


def test_the_tail_of_an_overlong_frame_is_never_taken_for_a_frame() -> None:
    tail = encode_frame(0, 5, 6, b"tail")[2:]  # whole again if the reader put a code of its own before it
    reader = FrameReader()
    assert reader.feed(b"\x02" * (MAX_ENCODED + 1)) == []
    assert reader.feed(tail) == []
    assert reader.skipped == 1
