"""The network's graph against TensorFlow 1.15.5, which ran the same program."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps.lm import model
from tailrace.apps.lm.settings import Settings

# recorded with TensorFlow 1.15.5: nodes of the graph, losses of three training steps, and the
# loss without dropout after them
RECORDED = {
    "lstm": (646, [2.2929764, 2.1745665, 2.0584352, 1.9762093]),
    "gru": (1160, [2.297199, 2.176533, 2.143787, 2.0358837]),
    "rnn": (871, [2.341751, 2.1795638, 2.0908177, 1.9218849]),
    "lstm-basic": (1059, [2.304281, 2.2064269, 2.1078482, 2.0244012]),
    "lstm-peephole": (1294, [2.2903252, 2.1494286, 2.1212058, 1.9796082]),
    "lstm-block": (966, [2.3029466, 2.1900806, 2.118403, 2.025923]),
    "lstm-layernorm": (2776, [2.2224636, 2.227627, 2.1125276, 2.0381792]),
}


@pytest.mark.parametrize("cell", RECORDED)
def test_training_is_tensorflows(cell: str):
    nodes, losses = RECORDED[cell]
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        settings = Settings(
            cell=cell,
            size=16,
            embedding=8,
            ngram_inputs=4,
            match_length=0,
            dropout=0.4,
            recurrent_dropout=0.3,
            input_dropout=0.1,
        )
        network = model.build(settings, 50, 10, training=True)
        training = model.add_training(settings, network)
        reading = model.build(settings, 50, 10)
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        assert len(graph.get_operations()) == nodes
    random = np.random.RandomState(0)
    inputs = random.randint(0, 10, (6, 4, 4))
    inputs[:, :, 1:] += 10
    targets = random.randint(0, 10, (6, 4))
    zeros = np.zeros((4, 16), np.float32)
    feed = {network.inputs: inputs, network.targets: targets, training.learning_rate: 0.01}
    feed.update(dict.fromkeys(network.initial, zeros))
    found = [session.run([network.loss, training.update], feed)[0] for _ in range(3)]
    feed = {reading.inputs: inputs, reading.targets: targets}
    feed.update(dict.fromkeys(reading.initial, zeros))
    found.append(session.run(reading.loss, feed))
    np.testing.assert_allclose(found, losses, rtol=2e-6)
