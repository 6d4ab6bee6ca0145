import hashlib
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from tests.unit.formats.bundle_cases import CASES, array, many

from tailrace import dtypes, errors
from tailrace.formats.bundle import BundleWriter, merge_bundles
from tailrace.formats.bundle_reader import BundleReader, data_name, index_name
from tailrace.formats.checkpoint import open_checkpoint
from tailrace.formats.checkpoint_v1 import V1Reader, write_v1
from tailrace.formats.slices import TensorSlice, parse_shape_and_slice

DATA = Path(__file__).parent / "data"


def write(prefix, rows):
    with BundleWriter(str(prefix)) as writer:
        for name, spec, values in rows:
            if spec:
                writer.add_slice(name, *parse_shape_and_slice(spec), array(values))
            else:
                writer.add(name, array(values))


def files(prefix):
    """Content by suffix of a one-shard checkpoint."""
    return {end: Path(f"{prefix}.{end}").read_bytes() for end in ("index", "data-00000-of-00001")}


def check(reader, rows):
    for name, spec, values in rows:
        part = parse_shape_and_slice(spec)[1] if spec else None
        found = reader.get(name, part)
        assert found.dtype == array(values).dtype
        np.testing.assert_array_equal(found, array(values))


@pytest.mark.parametrize("case", CASES)
def test_writes_tensorflows_bytes(case, tmp_path):
    write(tmp_path / case, CASES[case])
    assert files(tmp_path / case) == files(DATA / "bundle" / case)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("case", CASES)
def test_reads_tensorflows_files(case):
    reader = open_checkpoint(str(DATA / "bundle" / case))
    assert isinstance(reader, BundleReader)
    check(reader, CASES[case])
    assert reader.names() == sorted({name for name, _, _ in CASES[case]})


def test_index_of_several_blocks(tmp_path):
    rows = [(name, "", value) for name, value in many()]
    write(tmp_path / "many", rows)
    recorded = json.loads((DATA / "recorded.json").read_text())["hashes"]
    for path in tmp_path.iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == recorded[path.suffix]
    check(BundleReader(str(tmp_path / "many")), rows[::500])


def test_special_types(tmp_path):
    reader = BundleReader(str(DATA / "bundle" / "special"))
    assert reader.dtype("brain") is dtypes.bfloat16
    assert reader.get("brain").tolist() == [1.0, -2.5]
    assert reader.dtype("quantized") is dtypes.quint8
    with BundleWriter(str(tmp_path / "special")) as writer:
        writer.add("brain", reader.get("brain"))
        writer.add("quantized", reader.get("quantized"), dtypes.quint8)
    assert files(tmp_path / "special") == files(DATA / "bundle" / "special")


def test_part_across_slices():
    reader = BundleReader(str(DATA / "bundle" / "sliced"))
    assert reader.shape("p") == (4, 3)
    assert reader.get("p").tolist() == [[1, 1, 1], [1, 1, 1], [0, 1, 2], [3, 4, 5]]
    assert reader.get("p", TensorSlice.parse("1,2:2,1")).tolist() == [[1], [2]]
    with pytest.raises(errors.DataLossError, match="leave"):
        reader.get("q")
    with pytest.raises(errors.InvalidArgumentError, match="rank"):
        reader.get("whole", TensorSlice.parse("-"))


def test_merge(tmp_path):
    for path in (DATA / "merged").glob("unmerged*"):
        shutil.copy(path, tmp_path)
    parts = [str(tmp_path / f"unmerged-part-{i}") for i in range(2)]
    merge_bundles(parts, str(tmp_path / "merged"))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(p.name for p in (DATA / "merged").glob("merged*"))
    for name in names:
        assert (tmp_path / name).read_bytes() == (DATA / "merged" / name).read_bytes()
    check(BundleReader(str(tmp_path / "merged")), CASES["sliced"])


def test_merge_refuses_a_name_in_two_shards(tmp_path):
    for shard in "ab":
        write(tmp_path / shard, [("x", "", 1.0)])
    with pytest.raises(errors.InvalidArgumentError, match="Duplicate tensor keyed by x"):
        merge_bundles([str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "c"))
    with pytest.raises(errors.NotFoundError):
        merge_bundles([str(tmp_path / "nope")], str(tmp_path / "c"))


def test_duplicate_and_abort(tmp_path):
    write(tmp_path / "x", [("a", "", 1.0)])
    before = files(tmp_path / "x")
    with pytest.raises(errors.InvalidArgumentError, match="Adding duplicate key: a"):
        write(tmp_path / "x", [("a", "", 2.0), ("a", "", 3.0)])
    assert files(tmp_path / "x") == before
    assert len(list(tmp_path.iterdir())) == 2


def test_missing_folder(tmp_path):
    write(tmp_path / "made" / "x", [("a", "", 1.0)])
    with pytest.raises(errors.NotFoundError, match="No such file"):
        write(tmp_path / "not" / "made" / "x", [("a", "", 1.0)])


@pytest.mark.parametrize("case", CASES)
def test_v1(case, tmp_path):
    rows = []
    for name, spec, values in CASES[case]:
        shape, part = parse_shape_and_slice(spec) if spec else (array(values).shape, None)
        rows.append((name, shape, part, array(values), dtypes.as_dtype(array(values).dtype)))
    write_v1(str(tmp_path / "x"), rows)
    recorded = DATA / "v1" / case
    assert (tmp_path / "x").read_bytes() == recorded.read_bytes()
    reader = open_checkpoint(str(recorded))
    assert isinstance(reader, V1Reader)
    check(reader, CASES[case])


def test_v1_shards(tmp_path):
    for i, case in enumerate(("mixed", "strings")):
        shutil.copy(DATA / "v1" / case, tmp_path / f"m-0000{i}-of-00002")
    reader = open_checkpoint(str(tmp_path / "m"))
    check(reader, [*CASES["mixed"], *CASES["strings"]])


def test_debug_string():
    reader = open_checkpoint(str(DATA / "bundle" / "strings"))
    assert reader.debug_string() == b"empty (DT_STRING) [0]\nlong (DT_STRING) [2]\n"


def test_missing():
    with pytest.raises(errors.NotFoundError, match="Failed to find any matching files for nope"):
        open_checkpoint("nope")
    for path in ("bundle/mixed", "v1/mixed"):
        with pytest.raises(errors.NotFoundError, match="Key nope not found in checkpoint"):
            open_checkpoint(str(DATA / path)).get("nope")


def copy_of(case, folder):
    for path in (DATA / "bundle").glob(f"{case}.*"):
        shutil.copy(path, folder)
    return str(folder / case)


def test_missing_data_file(tmp_path):
    prefix = copy_of("mixed", tmp_path)
    Path(data_name(prefix, 0, 1)).unlink()
    with pytest.raises(errors.NotFoundError, match="of-00001; No such file"):
        BundleReader(prefix).get("w")


@pytest.mark.parametrize("case", CASES)
def test_any_damage_is_found(case, tmp_path):
    """No flipped byte and no cut anywhere gives a wrong value."""
    prefix = copy_of(case, tmp_path)
    for path in (index_name(prefix), data_name(prefix, 0, 1)):
        whole = Path(path).read_bytes()
        step = max(1, len(whole) // 150)
        for at in range(0, len(whole), step):
            for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
                Path(path).write_bytes(damaged)
                _check_unless_refused(prefix, CASES[case], path)
        Path(path).write_bytes(whole)


def _check_unless_refused(prefix, rows, path):
    refusals = []
    for row in rows:
        try:
            check(BundleReader(prefix), [row])
        except errors.DataLossError as error:
            refusals.append(str(error))
    assert all(path in refusal for refusal in refusals)


def test_other_byte_order(tmp_path):
    prefix = copy_of("strings", tmp_path)
    path = Path(index_name(prefix))
    # the header says num_shards 1; make it say endianness BIG, and the block's checksum fit
    content = path.read_bytes().replace(b"\x08\x01\x1a\x02\x08\x01", b"\x08\x01\x10\x01\x20\x00", 1)
    from tailrace.formats.crc32c import crc32c, masked
    from tailrace.formats.table import _MAGIC

    assert content.endswith(struct.pack("<Q", _MAGIC))
    end = content.index(b"\x01\x00\x00\x00", 20) + 4 + 1
    fixed = content[:end] + struct.pack("<I", masked(crc32c(content[:end]))) + content[end + 4 :]
    path.write_bytes(fixed)
    with pytest.raises(errors.UnimplementedError, match="big-endian"):
        BundleReader(prefix)
