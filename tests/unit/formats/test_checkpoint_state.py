from pathlib import Path

import pytest

from tailrace.formats.checkpoint_state import (
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    meta_graph_filename,
    remove_checkpoint,
    update_checkpoint_state,
)

STATES = Path(__file__).parent / "data" / "states"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    return tmp_path


def test_files_are_tensorflows(folder):
    update_checkpoint_state("logs", "logs/model-2", ["logs/model-1", "logs/model-2"])
    assert Path("logs/checkpoint").read_text() == (STATES / "relative").read_text()
    times = [1.25, 1574332.12345678]
    update_checkpoint_state(
        "logs", "/full/model-2", ["/full/model-1"], None, times, last_preserved_timestamp=0.5
    )
    assert Path("logs/checkpoint").read_text() == (STATES / "absolute").read_text()
    update_checkpoint_state(".", 'odd "name"', None, "latest")
    assert Path("latest").read_text() == (STATES / "here").read_text()


def test_relative_paths_on_request(folder):
    path = str(folder / "logs")
    update_checkpoint_state(path, f"{path}/m-1", [f"{path}/m-1"], save_relative_paths=True)
    assert Path("logs/checkpoint").read_text() == (
        'model_checkpoint_path: "m-1"\nall_model_checkpoint_paths: "m-1"\n'
    )


def test_read_back(folder):
    update_checkpoint_state("logs", "logs/m-2", ["logs/m-1", "logs/m-2"])
    state = get_checkpoint_state("logs")
    assert state.model_checkpoint_path == "logs/m-2"
    assert list(state.all_model_checkpoint_paths) == ["logs/m-1", "logs/m-2"]
    assert latest_checkpoint("logs") is None  # named, but its files are gone
    Path("logs/m-2.index").touch()
    assert latest_checkpoint("logs") == "logs/m-2"
    assert checkpoint_exists("logs/m-2")
    assert len(get_checkpoint_mtimes(["logs/m-1", "logs/m-2"])) == 1


def test_no_state(folder, caplog):
    assert get_checkpoint_state("logs") is None
    assert latest_checkpoint("nowhere") is None
    Path("logs/checkpoint").write_text("nonsense {")
    assert get_checkpoint_state("logs") is None
    assert "logs/checkpoint" in caplog.text
    Path("logs/checkpoint").write_text("")
    with pytest.raises(ValueError, match="Invalid checkpoint state"):
        get_checkpoint_state("logs")


def test_bad_arguments(folder):
    with pytest.raises(ValueError, match="timestamps"):
        generate_checkpoint_state_proto("logs", "m", ["a", "m"], [1.0])
    with pytest.raises(RuntimeError, match="conflicts"):
        update_checkpoint_state("", "checkpoint")


def test_remove(folder):
    for name in ("m.index", "m.data-00000-of-00001", "m.meta", "m2.index"):
        Path(name).touch()
    remove_checkpoint("m")
    assert sorted(p.name for p in folder.glob("m*")) == ["m2.index"]
    Path("v1").touch()
    remove_checkpoint("v1", checkpoint_format_version=1)
    assert not Path("v1").exists()


def test_meta_graph_filename():
    assert meta_graph_filename("a/model-5") == "a/model-5.meta"
    assert meta_graph_filename("model-5-00001-of-00002") == "model-5.meta"
    assert meta_graph_filename("model-5-?????-of-00002", "mg") == "model-5.mg"
