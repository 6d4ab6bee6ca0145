"""What programs of the field were found to rest on, beyond one function at a time."""

import contextlib
import io
import os
import tempfile


def drawn_for_sizes_alone(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    dropped = tf.nn.dropout(x, rate=0.5, seed=3)
    feed = {x: [[1.0, 2.0], [3.0, 4.0]]}
    values = []
    with tf.Session() as session:
        values.append(session.run(tf.shape(dropped), feed))
        values += [session.run(dropped, feed) for _ in range(2)]
        values.append(session.run(tf.size(dropped), feed))
        values.append(session.run(dropped, feed))
    return {"values": values}


def gated_slices_of_joined_tables(tf):
    tables = [tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[5.0, 6.0]])]
    rows = tf.gather(tf.concat(tables, 0), [0, 2, 2])
    grads = tf.gradients(rows**2.0, tables, gate_gradients=True)
    return {"values": [g.values for g in grads], "indices": [g.indices for g in grads]}


def minimized_batch_norm(tf):
    tf.set_random_seed(1)
    x = tf.constant([[[[0.5, -1.0]], [[2.0, 0.25]]], [[[1.5, 3.0]], [[-0.5, 0.75]]]])
    y = tf.layers.conv2d(x, 3, 1, use_bias=False)
    y = tf.layers.batch_normalization(y, training=True)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(y * y * y))
    later = tf.random_uniform([2])
    values = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(step)
        values += session.run(tf.global_variables())
    return {"later": later, "values": values}


def sizes_of_a_model(tf):
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    tf.contrib.layers.fully_connected(x, 3)
    analyzer = tf.contrib.slim.model_analyzer
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        totals = [
            analyzer.analyze_vars(tf.global_variables(), print_info=True),
            analyzer.analyze_ops(tf.get_default_graph(), print_info=True),
            analyzer.analyze_vars([]),
        ]
    return {"totals": totals, "written": written.getvalue()}


def projected_embeddings(tf):
    projector = tf.contrib.tensorboard.plugins.projector
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = "table:0"
    embedding.metadata_path = "words.tsv"
    embedding.sprite.image_path = "sprite.png"
    embedding.sprite.single_image_dim.extend([8, 8])
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.FileWriter(folder)
        projector.visualize_embeddings(writer, config)
        writer.close()
        with open(os.path.join(folder, "projector_config.pbtxt")) as file:
            return {"written": file.read()}


def weighted_loss_minimized(tf):
    logits = tf.get_variable("logits", initializer=[[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    loss = tf.losses.sparse_softmax_cross_entropy([0, 2], logits)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    values = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(2):
            values.append(session.run([loss, step])[0])
        values.append(session.run(logits))
    return {"values": values}


def gradient_weights_of_another_shape(tf):
    """A weight's shape is not compared with the tensor's: the gradient rules broadcast."""
    x = tf.constant([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
    (leading,) = tf.gradients(-x * x, x, grad_ys=[x[tf.newaxis] + 1.0])
    (single,) = tf.gradients(tf.exp(x), x, grad_ys=tf.constant(2.0))
    return {"leading": leading, "single": single}


def devices_without_a_number(tf):
    devices = []
    for name in ("/cpu", "cpu", "/CPU", "/cpu:0", "/task:0/cpu", "/device:cpu:*"):
        with tf.device(name):
            devices.append(tf.constant(1.0).device)
    for name in ("/device:cpu", "/device", "cpus"):
        try:
            with tf.device(name):
                devices.append(tf.constant(1.0).device)
        except ValueError:
            devices.append("refused")
    with tf.device("/cpu"):
        total = tf.constant(1.0) + tf.Variable(2.0)
    return {"devices": devices, "total": total}


def iterators_by_the_name_of_their_resource(tf):
    """What programs do that save a graph with a dataset in it and load it again."""
    dataset = tf.data.Dataset.from_tensor_slices(([1.0, 2.0, 3.0], [[1], [2], [3]]))
    first = tf.data.Iterator.from_structure(dataset.output_types, dataset.output_shapes)
    start = first.make_initializer(dataset)
    resource = first._iterator_resource
    types, shapes, classes = first.output_types, first.output_shapes, first.output_classes
    again = tf.data.Iterator(resource, None, types, shapes, classes)
    x, y = again.get_next()
    with tf.Session() as session:
        session.run(start)
        values = [session.run([x, y]) for _ in range(2)]
    return {"values": values, "shapes": [str(x.shape), str(y.shape)]}
