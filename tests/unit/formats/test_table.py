import io
import struct

import pytest

from tailrace.formats import coding, snappy
from tailrace.formats.crc32c import crc32c, masked
from tailrace.formats.slices import TensorSlice, parse_shape_and_slice
from tailrace.formats.table import TableReader, TableWriter


def test_varint():
    for number in (0, 1, 127, 128, 300, 2**32, 2**63):
        data = b"x" + coding.varint(number) + b"y"
        assert coding.read_varint(data, 1) == (number, len(data) - 1)
    assert coding.varint(300) == b"\xac\x02"


def test_ordered_code_keeps_order():
    numbers = sorted([0, 1, 5, 63, 64, 255, 8191, 8192, 2**20, 2**40, 2**62])
    signed = sorted([*numbers, *(-n for n in numbers)])
    assert [coding.ordered_number(n) for n in numbers] == sorted(
        coding.ordered_number(n) for n in numbers
    )
    assert [coding.ordered_signed(n) for n in signed] == sorted(
        coding.ordered_signed(n) for n in signed
    )
    texts = sorted([b"", b"a", b"a\0", b"a\0b", b"ab", b"a\xff", b"b"])
    assert [coding.ordered_string(t) for t in texts] == sorted(
        coding.ordered_string(t) for t in texts
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [(0, "80"), (-1, "7f"), (63, "bf"), (64, "c040"), (-64, "40"), (-65, "3fbf")],
)
def test_ordered_signed(number, code):
    """Values of TensorFlow's ordered_code.cc: header bits of the length, then the number."""
    assert coding.ordered_signed(number).hex() == code


def test_slices():
    assert str(TensorSlice.parse("0,2:-:3,4")) == "0,2:-:3,4"
    assert TensorSlice.from_proto(TensorSlice.parse("0,2:-").to_proto()).extents == (
        (0, 2),
        (0, -1),
    )
    assert parse_shape_and_slice("4 3 1,2:-") == ((4, 3), TensorSlice(((1, 2), (0, -1))))
    assert parse_shape_and_slice("4 3 1,2:-")[1].shape_in((4, 3)) == (2, 3)
    for bad in ("4 3 x", "4 3", "0,1:-", "4 3 1,9:-", "4 3 -1,2:-", "4 3 -"):
        with pytest.raises(ValueError, match=r"slice|pair|two elements|start"):
            parse_shape_and_slice(bad)


def test_snappy():
    # "aaaaabcabcabc!": literal a, copy 1 back 4 long, literal bc, copy of 3 back 7 long, literal !
    data = bytes([14, 0 << 2, ord("a"), 1, 1, 2 << 2, *b"abc", 6 << 2 | 2, 3, 0, 0, ord("!")])
    assert snappy.decompress(bytes([16]) + data[1:]) == b"aaaaaabcabcabca!"
    long = bytes(range(256)) * 2
    assert snappy.decompress(coding.varint(512) + b"\xf4\xff\x01" + long) == long
    for broken in (b"", b"\x05\x00", b"\x05\x04ab\x01", b"\x02\x05\x09", b"\x09\x00a"):
        with pytest.raises(ValueError, match="Snappy"):
            snappy.decompress(broken)


def test_reads_a_compressed_block(tmp_path):
    buffer = io.BytesIO()
    writer = TableWriter(buffer)
    plain_write = writer._write_block

    def write_compressed(content):
        """The block as one Snappy literal."""
        size = len(content)
        tag = (
            bytes([(size - 1) << 2])
            if size <= 60
            else bytes([61 << 2]) + struct.pack("<H", size - 1)
        )
        packed = coding.varint(size) + tag + content + b""
        handle = coding.varints((writer._offset, len(packed)))
        buffer.write(packed + b"\x01" + struct.pack("<I", masked(crc32c(packed + b"\x01"))))
        writer._offset += len(packed) + 5
        writer._write_block = plain_write
        return handle

    writer._write_block = write_compressed
    pairs = [(f"key{i:03d}".encode(), b"v" * i) for i in range(40)]
    for key, value in pairs:
        writer.add(key, value)
    writer.finish()
    (tmp_path / "t").write_bytes(buffer.getvalue())
    table = TableReader(str(tmp_path / "t"))
    assert list(table) == pairs
    assert table.get(b"key017") == b"v" * 17
    assert table.get(b"key0175") is None
    assert table.get(b"zzz") is None


def test_many_blocks(tmp_path):
    pairs = [(f"k{i:05d}".encode(), bytes([i % 256]) * 5000) for i in range(300)]
    with (tmp_path / "t").open("wb") as file:
        writer = TableWriter(file)
        for key, value in pairs:
            writer.add(key, value)
        writer.finish()
    table = TableReader(str(tmp_path / "t"))
    assert len(table._handles) == 6
    assert list(table) == pairs
    assert all(table.get(key) == value for key, value in pairs[::37])
