"""Which devices there are, what a session may use of them, and what is said of those there are not.

The messages are TensorFlow 1.15.5's, but for the list of devices: it has XLA's as well.
"""

import pytest
import torch

import tailrace as tf
from tailrace.devices import Device, machine
from tailrace.library.local_devices import list_local_devices

CPU = "/job:localhost/replica:0/task:0/device:CPU:0"


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def no_gpu():
    machine.set_source(list)
    yield
    machine.set_source(None)


@pytest.fixture
def two_gpus():
    cpu = torch.device("cpu")
    machine.set_source(
        lambda: [
            Device(f"/device:GPU:{i}", "GPU", 1 << 30, cpu, f"card {i}", (7, i)) for i in range(2)
        ]
    )
    yield
    machine.set_source(None)


def _names(config: tf.ConfigProto | None = None) -> list[str]:
    with tf.Session(config=config) as session:
        return [device.name.rpartition("device:")[2] for device in session.list_devices()]


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_asked_for_and_not_there_is_said():
    with tf.device("/gpu:0"):
        a = tf.constant(1.0, name="a")
        b = tf.add(a, a, name="b")
    other = tf.constant(2.0)
    with tf.Session() as session:
        for fetch in (b, other, b):  # TF: the whole graph is placed, whatever is fetched
            with pytest.raises(tf.errors.InvalidArgumentError) as failure:
                session.run(fetch)
            message = failure.value.message
            assert message.startswith("Cannot assign a device for operation b: node b (defined at ")
            assert (
                "was explicitly assigned to /device:GPU:0 but available devices are "
                f"[ {CPU} ]. Make sure the device specification refers to a valid device."
            ) in message
            assert message.endswith("\n\t [[b]]")
            assert failure.value.op is None


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("device", "plain", "soft"),
    [
        ("/cpu:1", False, True),
        ("/gpu:1", False, True),
        ("/device:FOO:0", False, True),
        ("/job:worker", False, False),
        ("/job:localhost/task:1", False, False),
        ("/task:0/cpu:0", True, True),
        ("/device:CPU:*", True, True),
    ],
)
def test_soft_placement_is_about_devices_not_tasks(device: str, plain: bool, soft: bool):
    with tf.device(device):
        x = tf.constant(1.0)
    for config, runs in ((None, plain), (tf.ConfigProto(allow_soft_placement=True), soft)):
        with tf.Session(config=config) as session:
            if runs:
                assert session.run(x) == 1.0
            else:
                with pytest.raises(tf.errors.InvalidArgumentError, match="Cannot assign a device"):
                    session.run(x)


@pytest.mark.usefixtures("no_gpu")
def test_nodes_added_later_are_looked_at_too():
    x = tf.constant(1.0)
    with tf.Session() as session:
        assert session.run(x) == 1.0
        with tf.device("/gpu:0"):
            y = x + 1.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="for operation add:"):
            session.run(y)


@pytest.mark.usefixtures("no_gpu")
def test_soft_placement_of_every_session_is_told_once(capsys: pytest.CaptureFixture[str]):
    assert not tf.config.get_soft_device_placement()
    tf.config.set_soft_device_placement(True)
    try:
        with tf.device("/gpu:0"):
            x = tf.constant(1.0) + 2.0
        with tf.Session(config=tf.ConfigProto(log_device_placement=False)) as session:
            assert session.run(x) == 3.0
            y = x + 1.0
            assert session.run(y) == 4.0
    finally:
        tf.config.set_soft_device_placement(False)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "there is no device /device:GPU:0 for operation" in said[0]
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        session.run(x)


@pytest.mark.usefixtures("two_gpus")
def test_the_config_says_which_devices_a_session_sees():
    assert _names() == ["CPU:0", "GPU:0", "GPU:1"]
    assert _names(tf.ConfigProto(device_count={"GPU": 0})) == ["CPU:0"]
    assert _names(tf.ConfigProto(device_count={"GPU": 1, "CPU": 2})) == ["CPU:0", "CPU:1", "GPU:0"]
    options = tf.GPUOptions(visible_device_list="1", allow_growth=True)
    assert _names(tf.ConfigProto(gpu_options=options)) == ["CPU:0", "GPU:0"]
    both = tf.GPUOptions(visible_device_list="1,0")
    with tf.Session(config=tf.ConfigProto(gpu_options=both)) as session:
        assert [d.description for d in session._devices.gpus] == ["card 1", "card 0"]


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("visible", "message"),
    [
        ("2", "'visible_device_list' listed an invalid GPU id '2' but visible device count is 2"),
        ("-1", "'visible_device_list' listed an invalid GPU id '-1' but visible device count is 2"),
        (
            "0,one",
            "Could not parse entry in 'visible_device_list': 'one'. visible_device_list = 0,one",
        ),
        ("1,0,1", "visible_device_list contained a duplicate entry: 1,0,1"),
    ],
)
def test_lists_of_gpus_that_cannot_be(visible: str, message: str):
    options = tf.GPUOptions(visible_device_list=visible)
    with pytest.raises(tf.errors.InvalidArgumentError) as failure:
        tf.Session(config=tf.ConfigProto(gpu_options=options))
    assert failure.value.message == message


def test_a_part_of_the_memory_is_left_to_the_process():
    limits: list[float] = []
    cpu = torch.device("cpu")
    card = Device("/device:GPU:0", "GPU", 1 << 30, cpu, limit_memory=limits.append)
    machine.set_source(lambda: [card])
    try:
        for part, growth in ((0.0, True), (0.25, False), (1.5, False)):
            options = tf.GPUOptions(per_process_gpu_memory_fraction=part, allow_growth=growth)
            tf.Session(config=tf.ConfigProto(gpu_options=options)).close()
    finally:
        machine.set_source(None)
    assert limits == [0.25, 1.0]


def test_there_is_no_session_without_a_cpu():
    with pytest.raises(tf.errors.NotFoundError, match="No CPU devices are available"):
        tf.Session(config=tf.ConfigProto(device_count={"CPU": 0}))


@pytest.mark.usefixtures("two_gpus")
def test_the_machine_tells_of_its_gpus():
    assert [d.name for d in list_local_devices()] == [
        "/device:CPU:0",
        "/device:GPU:0",
        "/device:GPU:1",
    ]
    assert list_local_devices()[2].physical_device_desc == "card 1"
    assert tf.test.gpu_device_name() == "/device:GPU:0"
    assert tf.test.is_gpu_available()
    assert tf.test.is_gpu_available(min_cuda_compute_capability=(7, 1))
    assert not tf.test.is_gpu_available(min_cuda_compute_capability=(8, 0))


@pytest.mark.usefixtures("no_gpu")
def test_placement_is_logged_once_for_a_node(capfd: pytest.CaptureFixture[str]):
    x = tf.constant(1.0, name="x")
    y = tf.negative(x, name="y")
    with tf.Session(config=tf.ConfigProto(log_device_placement=True)) as session:
        session.run(x)
        session.run(y)
    assert capfd.readouterr().err.splitlines() == [
        "Device mapping: no known devices.",
        f"x: (Const): {CPU}",
        f"y: (Neg): {CPU}",
    ]
