"""`tf.config`: devices and settings of the process."""

import pytest

import tailrace as tf
from tailrace.devices import machine
from tailrace.library import physical_devices

CPU = physical_devices.PhysicalDevice("/physical_device:CPU:0", "CPU")
GPU = physical_devices.PhysicalDevice("/physical_device:GPU:0", "GPU")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(physical_devices, "_settings", physical_devices._Settings())
    yield
    machine.set_source(None)


@pytest.fixture
def _one_card():
    card = machine.Device("/device:GPU:0", "GPU", 1 << 30, machine.torch.device("cpu"))
    machine.set_source(lambda: [card])


def test_without_a_gpu():
    machine.set_source(list)
    config = tf.config.experimental
    assert config.list_physical_devices() == [CPU]
    assert config.list_physical_devices("GPU") == []
    assert [d.name for d in config.list_logical_devices()] == [
        "/job:localhost/replica:0/task:0/device:CPU:0"
    ]
    with pytest.raises(ValueError, match="non-GPU"):
        config.set_memory_growth(CPU, True)
    with pytest.raises(ValueError, match="Unrecognized device"):
        config.set_memory_growth(GPU, True)


@pytest.mark.usefixtures("_one_card")
def test_with_a_gpu():
    config = tf.config.experimental
    assert config.list_physical_devices() == [CPU, GPU]
    assert not config.get_memory_growth(GPU)
    config.set_memory_growth(GPU, True)
    assert config.get_memory_growth(GPU)
    config.set_visible_devices([], "GPU")
    assert config.get_visible_devices() == [CPU]
    assert [d.device_type for d in config.list_logical_devices()] == ["CPU"]
    config.set_visible_devices(GPU, "GPU")
    assert config.get_visible_devices("GPU") == [GPU]
    with pytest.raises(ValueError, match="Unrecognized device"):
        config.set_visible_devices([CPU], "GPU")


def test_threads():
    threading = tf.config.threading
    assert threading.get_intra_op_parallelism_threads() == 0
    threading.set_intra_op_parallelism_threads(3)
    threading.set_inter_op_parallelism_threads(2)
    assert threading.get_intra_op_parallelism_threads() == 3
    assert threading.get_inter_op_parallelism_threads() == 2
