"""`tf.make_template`: functions that make their variables once."""


def _layer(tf):
    def layer(x, size, activation=None):
        weights = tf.get_variable("w", [x.shape[1], size], initializer=tf.ones_initializer())
        bias = tf.get_variable("b", [size], initializer=tf.constant_initializer(0.5))
        y = tf.matmul(x, weights) + bias
        return y if activation is None else activation(y)

    return layer


def shared_variables(tf):
    layer = tf.make_template("layer", _layer(tf), size=2, activation=tf.tanh)
    x = tf.constant([[0.1, -0.2, 0.3]])
    before = [layer.variables, layer.variable_scope_name]
    y = [layer(x), layer(2 * x)]
    names = [v.name for v in layer.variables + layer.trainable_variables + layer.weights]
    other = tf.make_template("layer", _layer(tf), size=1)
    with tf.variable_scope("outer"):
        y += [layer(3 * x), other(x)]
    return {
        "y": y,
        "names": names + [v.name for v in other.global_variables],
        "scopes": [layer.variable_scope_name, other.variable_scope_name, other.name],
        "before": [len(before[0]), before[1] is None],
        "grads": tf.gradients(y[:3], layer.trainable_variables),
    }


def scope_opened_now(tf):
    def scale(x):
        return x * tf.get_variable("v", initializer=2.0, trainable=False)

    first = tf.make_template("scale", scale, create_scope_now_=True)
    second = tf.make_template("scale", scale, create_scope_now_=True)
    named = tf.make_template("scale", scale, unique_name_="mine")
    y = [second(1.0), first(2.0), named(3.0), first(4.0)]
    return {
        "y": y,
        "names": [t.variables[0].name for t in (first, second, named)],
        "fixed": [len(first.non_trainable_variables), len(first.trainable_variables)],
    }


def custom_getter(tf):
    def halved(getter, name, *args, **kwargs):
        return 0.5 * getter(name, *args, **kwargs)

    def body(x):
        return x + tf.get_variable("c", initializer=3.0)

    template = tf.make_template("t", body, custom_getter_=halved)
    return {"y": [template(1.0), template(2.0)]}


def nested_templates(tf):
    inner = tf.make_template("inner", _layer(tf), size=3)

    def body(x):
        return inner(x) + tf.get_variable("c", initializer=1.0)

    outer = tf.make_template("outer", body)
    x = tf.ones([1, 3])
    y = [outer(x), outer(x), inner(x)]
    return {"y": y, "names": [v.name for v in tf.global_variables()]}


def variable_made_again_error(tf):
    template = tf.make_template("t", lambda: tf.Variable(1.0))
    template()
    template()


def template_without_name_error(tf):
    tf.make_template(None, lambda: 1)
