"""tf.contrib.slim: layers in argument scopes."""


def small_network(tf):
    slim = tf.contrib.slim
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(0.01)
    ):
        net = slim.conv2d(x, 3, [3, 3], scope="conv")
        net = slim.max_pool2d(net, [2, 2], scope="pool")
        net = slim.flatten(net)
        net = slim.fully_connected(net, 4, activation_fn=None, scope="out")
    with tf.name_scope("losses"):
        tf.losses.sparse_softmax_cross_entropy([1, 2], net)
    total = tf.losses.get_total_loss()
    names = [v.op.name for v in slim.get_model_variables()]
    feed = {x: [[[[0.1 * i + 0.2 * j] for i in range(8)] for j in range(8)]] * 2}
    return {"out": net, "total": total, "names": names, "feed": feed}
