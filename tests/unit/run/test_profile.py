"""What a profile tells: operations, rates and memory of steps and regions, and why loops stay."""

import json

import numpy as np
import pytest

import tailrace as tf
from tailrace.run.profile import Profiler


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def profile(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with Profiler() as profiler:
            session.run(fetches, feed)
    return profiler


def flops(profiler):
    return {record.op_type: record.flops for record in profiler.records}


def total(profiler, op_type):
    return sum(r.flops or 0 for r in profiler.records if r.op_type == op_type)


def placeholder(*sizes, dtype=tf.float32):
    tensor = tf.placeholder(dtype, sizes)
    return tensor, np.ones(sizes)


def test_products():
    (a, x), (b, y), (c, z) = placeholder(4, 3), placeholder(4, 5), placeholder(7, 3, 2)
    two = tf.matmul(a, b, transpose_a=True), tf.matmul(c, c, transpose_a=True)
    found = flops(profile(two, {a: x, b: y, c: z}))
    assert found == {"MatMul": 2 * 3 * 4 * 5, "BatchMatMulV2": 2 * 7 * 2 * 3 * 2}


def test_convolutions():
    (x, image), (w, filter) = placeholder(2, 8, 8, 3), placeholder(5, 5, 3, 4)
    y = tf.nn.conv2d(x, w, 1, "SAME")
    gradients = tf.gradients(y, [x, w])
    found = flops(profile([y, *gradients], {x: image, w: filter}))
    count = 2 * (2 * 8 * 8 * 4) * (5 * 5 * 3)
    for kind in ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"):
        assert found[kind] == count


def test_depthwise_convolutions():
    (x, image), (w, filter) = placeholder(2, 8, 8, 3), placeholder(5, 5, 3, 2)
    y = tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME")
    gradients = tf.gradients(y, [x, w])
    found = flops(profile([y, *gradients], {x: image, w: filter}))
    name = "DepthwiseConv2dNative"
    for kind in (name, f"{name}BackpropInput", f"{name}BackpropFilter"):
        assert found[kind] == 2 * (2 * 8 * 8 * 6) * (5 * 5)


def test_volumes():
    (x, volume), (w, filter) = placeholder(1, 4, 4, 4, 2), placeholder(3, 3, 3, 2, 5)
    y = tf.nn.conv3d(x, w, [1, 1, 1, 1, 1], "SAME")
    found = flops(profile([y, *tf.gradients(y, [x, w])], {x: volume, w: filter}))
    count = 2 * (4 * 4 * 4 * 5) * (3 * 3 * 3 * 2)
    assert [found[k] for k in found if k.startswith("Conv3D")] == [count] * 3


def test_elementwise_groups_count_every_member():
    x, value = placeholder(10, 10)
    product = x * 2.0
    y = tf.tanh(product)
    total = y + 1.0
    found = profile(total, {x: value}).records
    assert [r.flops for r in found] == [3 * 100]
    assert found[0].region is not None
    assert found[0].region.types == tuple(op.type for op in (product.op, y.op, total.op))
    assert found[0].bytes == 400


SIZES = {"LSTMCell": 4, "GRUCell": 3, "BasicRNNCell": 1}


@pytest.mark.parametrize("name", SIZES)
def test_recurrent_layers(name):
    batch, steps, inputs, hidden = 4, 6, 3, 5
    x, value = placeholder(batch, steps, inputs)
    cell = getattr(tf.nn.rnn_cell, name)(hidden)
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(outputs))
    profiler = profile([train, *tf.gradients(outputs, x)], {x: value})
    found = flops(profiler)
    gates = SIZES[name] * hidden
    kind = {"LSTMCell": "Lstm", "GRUCell": "Gru", "BasicRNNCell": "Rnn"}[name]
    assert found[f"{kind}Sequence"] == found[f"{kind}SequenceGrad"]
    assert found[f"{kind}Sequence"] == 2 * steps * batch * hidden * gates
    assert total(profiler, "SequenceInputs") == 2 * steps * batch * inputs * gates
    assert total(profiler, "KernelGradient") == 2 * steps * batch * (inputs + hidden) * gates
    assert total(profiler, "InputGradient") == 2 * steps * batch * inputs * gates
    layer = next(r.region for r in profiler.records if r.op_type == f"{kind}Sequence")
    assert layer is not None
    assert "MatMul" in layer.types
    assert not layer.stays


def test_block_cells():
    x, value = placeholder(6, 4, 3)
    cell = tf.contrib.rnn.LSTMBlockFusedCell(5)
    outputs, _ = cell(x, dtype=tf.float32)
    found = flops(profile([outputs, *tf.gradients(outputs, x)], {x: value}))
    product = 2 * 6 * 4 * (3 + 5) * 20
    assert found["BlockLSTM"] == product
    assert found["BlockLSTMGrad"] == 2 * product


def test_a_loop_tells_why_it_stays():
    start = tf.placeholder(tf.float32, [])
    loop = tf.while_loop(lambda v: v > 1.0, lambda v: v / 2.0, [start])
    profiler = profile(loop, {start: 100.0})
    regions = {r.region for r in profiler.records if r.region}
    assert [r.stays for r in regions] == ["how often it runs depends on what it computes"]
    text = profiler.table()
    assert "stays a loop: how often it runs depends on what it computes" in text


def test_an_unrolled_network_tells_why_it_stays():
    x, value = placeholder(2, 3)
    cell = tf.nn.rnn_cell.BasicRNNCell(3)
    first, _ = cell(x, tf.zeros([2, 3]))
    second, _ = cell(first, first)  # its input is the step before
    third, _ = cell(second, second)
    profiler = profile(third, {x: value})
    assert not any(r.op_type == "RnnSequence" for r in profiler.records)
    assert any("stay steps: what goes into a step depends" in note for note in profiler.notes)
    assert "stay steps" in profiler.table()


def test_memory_is_what_the_values_of_a_run_hold():
    x = tf.placeholder(tf.float32, [10000])
    y = tf.cumsum(tf.sort(tf.cumsum(x)))
    profiler = profile(y, {x: np.ones(10000)})
    assert 80000 <= profiler.peak <= 5 * 80000
    assert "MB of values" in profiler.table()


def test_the_trace_carries_the_same():
    x, value = placeholder(4, 3)
    y = tf.matmul(tf.tanh(x * 2.0), x, transpose_b=True)
    profiler = profile(y, {x: value})
    trace = json.loads(profiler.chrome_trace())
    product = next(e for e in trace["traceEvents"] if e["name"] == "MatMul")
    assert product["args"]["flops"] == 2 * 4 * 4 * 3
    assert product["args"]["bytes"] == 64
    assert product["args"]["GFLOP/s"] > 0
    (region,) = trace["otherData"]["regions"]
    assert region["members"] == ["mul", "Tanh"]
    assert trace["otherData"]["peak_bytes"] == profiler.peak


def test_tables_are_sorted_by_time():
    x, value = placeholder(200, 200)
    profiler = profile(tf.matmul(tf.sort(x), x), {x: value})
    lines = profiler.table().splitlines()
    shown = [float(line.split()[2]) for line in lines if line.startswith(("MatMul", "TopK"))]
    assert shown == sorted(shown, reverse=True)


def test_resources_and_strings_have_no_sizes():
    v = tf.get_variable("v", [3], use_resource=True)
    s = tf.placeholder(tf.string, [2])
    profiler = profile([v.assign_add([1.0, 2.0, 3.0]), tf.string_join([s, s])], {s: ["a", "b"]})
    assert profiler.records
