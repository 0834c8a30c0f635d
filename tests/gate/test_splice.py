import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.gate import splice

texts = st.binary(max_size=3000)
tails = st.one_of(st.binary(min_size=1, max_size=300), st.sampled_from([1, 2, 255, 256, 4096, 65534, 65535]).map(bytes))


@settings(deadline=None)
@given(texts, tails)
def test_a_gzip_stream_closed_with_any_tail_is_one_legal_stream(text: bytes, tail: bytes) -> None:
    opened = splice.open_gzip(text)
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert decoder.decompress(opened.stream + splice.gzip_tail(tail, opened.crc, opened.length)) == text + tail
    assert decoder.eof
    assert decoder.unused_data == b""


@settings(deadline=None)
@given(texts, tails)
def test_a_brotli_stream_closed_with_any_tail_is_one_legal_stream(text: bytes, tail: bytes) -> None:
    decoder = brotli.Decompressor()
    stream = splice.open_brotli(text).stream + splice.brotli_tail(tail)
    assert decoder.process(stream) == text + tail
    assert decoder.is_finished()
    with pytest.raises(brotli.error):  # nothing may follow: browsers would drop it in silence
        brotli.decompress(stream + b"x")


@settings(deadline=None)
@given(texts)
def test_an_open_gzip_stream_gives_its_text_back(text: bytes) -> None:
    assert splice.inflated(splice.open_gzip(text).stream) == text


@pytest.mark.parametrize("size", [0, 65536])
def test_a_tail_that_one_block_cannot_hold_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="a tail has"):
        splice.brotli_tail(bytes(size))
    with pytest.raises(ValueError, match="a tail has"):
        splice.gzip_tail(bytes(size), 0, 0)
