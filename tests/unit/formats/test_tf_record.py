import json
from pathlib import Path

import pytest

from tailrace import errors
from tailrace.formats import protos
from tailrace.library.record_io import TFRecordOptions, TFRecordWriter, tf_record_iterator

DATA = Path(__file__).parent / "data"
RECORDS = [b"", b"a", b"some text " * 50, bytes(range(256))]


@pytest.mark.parametrize("kind", ["", "ZLIB", "GZIP"])
def test_reads_tensorflows(kind):
    assert list(tf_record_iterator(DATA / "records" / (kind or "plain"), kind)) == RECORDS


@pytest.mark.parametrize("options", [None, "ZLIB", TFRecordOptions(2), TFRecordOptions("ZLIB")])
def test_round_trip(options, tmp_path):
    with TFRecordWriter(tmp_path / "r", options) as writer:
        for record in RECORDS:
            writer.write(record)
        writer.flush()
        writer.write("text")
    assert list(tf_record_iterator(str(tmp_path / "r"), options)) == [*RECORDS, b"text"]


def test_plain_bytes(tmp_path):
    with TFRecordWriter(tmp_path / "r") as writer:
        for record in RECORDS:
            writer.write(record)
    assert (tmp_path / "r").read_bytes() == (DATA / "records" / "plain").read_bytes()


def test_zlib_bytes(tmp_path):
    with TFRecordWriter(tmp_path / "r", "ZLIB") as writer:
        for record in RECORDS:
            writer.write(record)
    assert (tmp_path / "r").read_bytes() == (DATA / "records" / "ZLIB").read_bytes()


@pytest.mark.parametrize("kind", ["plain", "ZLIB", "GZIP"])
def test_damage_is_found(kind, tmp_path):
    """Whatever is cut or flipped, records before it are right and the rest is refused."""
    whole = (DATA / "records" / kind).read_bytes()
    path = tmp_path / "r"
    for at in range(1, len(whole), 7):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            records, refusal = [], str(path)
            try:
                records.extend(tf_record_iterator(path, "" if kind == "plain" else kind))
            except errors.DataLossError as error:
                refusal = str(error)
            assert str(path) in refusal
            assert records == RECORDS[: len(records)]


def test_place_of_damage(tmp_path):
    whole = bytearray((DATA / "records" / "plain").read_bytes())
    whole[16 + 12] ^= 1
    (tmp_path / "r").write_bytes(whole)
    with pytest.raises(errors.DataLossError, match="corrupted record at 16"):
        list(tf_record_iterator(tmp_path / "r"))


def test_errors(tmp_path):
    with pytest.raises(errors.NotFoundError):
        list(tf_record_iterator(tmp_path / "nope"))
    with pytest.raises(errors.NotFoundError):
        TFRecordWriter(tmp_path / "no" / "r")
    with pytest.raises(ValueError, match="Not a valid compression_type"):
        TFRecordOptions("LZ4")


def test_examples():
    recorded = json.loads((DATA / "recorded.json").read_text())["examples"]
    example = protos.Example()
    example.features.feature["ints"].int64_list.value.extend([1, -2])
    assert example.SerializeToString().hex() == recorded["example"]
    sequence = protos.SequenceExample.FromString(bytes.fromhex(recorded["sequence"]))
    assert sequence.context.feature["length"].int64_list.value == [2]
    frames = sequence.feature_lists.feature_list["frames"].feature
    assert [list(f.float_list.value) for f in frames] == [[0.5, 1.5], [2.5]]
    assert frames[0].WhichOneof("kind") == "float_list"
