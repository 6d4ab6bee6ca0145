"""Probability distributions: samples, densities, moments, divergences and their gradients."""

import numpy as np

SCALES = [0.5, 1.0, 2.0]
LOCS = [[0.0], [1.5]]


def _moments(d, *names):
    return {name: getattr(d, name)() for name in names}


def _all_of(tf, d, value, methods, moments, seed=7):
    """Draws with a sample shape and without, densities at `value`, moments."""
    tf.set_random_seed(11)
    result = {
        "one": d.sample(seed=seed),
        "many": d.sample([4, 2], seed=seed + 1),
        "count": d.sample(3),
        "batch": d.batch_shape_tensor(),
        "event": d.event_shape_tensor(),
        "text": [str(d), repr(d), d.name],
        "at": [getattr(d, name)(value) for name in methods],
        "moments": [getattr(d, name)() for name in moments],
    }
    return result


def normal(tf):
    tf.set_random_seed(3)
    d = tf.distributions.Normal(LOCS, SCALES)
    x = tf.constant([[-30.0, 0.25, 1.0], [2.0, 7.0, 40.0]])
    methods = ["log_prob", "prob", "log_cdf", "cdf", "log_survival_function", "survival_function"]
    result = _all_of(tf, d, x, methods, ["mean", "mode", "stddev", "variance", "entropy"])
    result["quantile"] = d.quantile([[0.001, 0.2, 0.5], [0.8, 0.97, 1.0]])
    result["grads"] = tf.gradients(result["at"][0], [d.loc, d.scale])
    result["through"] = tf.gradients(result["many"], [d.loc, d.scale])
    return result


def normal_of_doubles(tf):
    d = tf.distributions.Normal(
        tf.constant(1.0, tf.float64), tf.constant(2.0, tf.float64), name="n", validate_args=True
    )
    x = tf.constant([-45.0, 0.0, 20.0], tf.float64)
    y = [d.log_cdf(x), d.cdf(x), d.quantile(tf.constant([1e-9, 0.3], tf.float64))]
    copied = d.copy(loc=tf.constant(0.0, tf.float64))
    return {"y": y, "grads": tf.gradients(y[0], x), "copied": copied.log_prob(x)}


def normal_of_unknown_shape(tf):
    tf.set_random_seed(5)
    loc = tf.placeholder(tf.float32, [None, 2], name="loc")
    n = tf.placeholder(tf.int32, [], name="n")
    d = tf.distributions.Normal(loc, tf.ones([2]))
    shape = tf.placeholder(tf.int32, name="shape")
    drawn = [d.sample(n, seed=1), d.sample(seed=2), d.sample(shape, seed=3)]
    return {
        "drawn": drawn,
        "log_prob": d.log_prob(drawn[1]),
        "scalar": [d.is_scalar_batch(), d.is_scalar_event()],
        "batch": d.batch_shape_tensor(),
        "feed": {loc: [[0.0, 1.0], [2.0, -1.0], [0.5, 3.0]], n: 4, shape: [2, 1]},
    }


def normal_policy(tf):
    """The policy of proximal policy optimization: ratio, divergence, entropy."""
    tf.set_random_seed(2)
    state = tf.placeholder(tf.float32, [None, 3], name="state")
    action = tf.placeholder(tf.float32, [None, 1], name="action")

    def policy(name, trainable):
        with tf.variable_scope(name):
            hidden = tf.layers.dense(state, 5, tf.nn.relu, trainable=trainable)
            mu = 2 * tf.layers.dense(hidden, 1, tf.nn.tanh, trainable=trainable)
            sigma = tf.layers.dense(hidden, 1, tf.nn.softplus, trainable=trainable)
            return tf.distributions.Normal(loc=mu, scale=sigma)

    pi, old = policy("pi", True), policy("old", False)
    ratio = pi.prob(action) / old.prob(action)
    kl = tf.distributions.kl_divergence(old, pi)
    loss = tf.reduce_mean(ratio) - tf.reduce_mean(kl) + tf.reduce_mean(pi.entropy())
    return {
        "sample": tf.squeeze(pi.sample(1), axis=0),
        "loss": loss,
        "grads": tf.gradients(loss, tf.trainable_variables()),
        "feed": {state: np.arange(6.0).reshape(2, 3) / 4, action: [[0.5], [-1.0]]},
    }


def laplace(tf):
    d = tf.distributions.Laplace(LOCS, SCALES)
    x = tf.constant([[-9.0, 0.25, 1.0], [2.0, 7.0, 30.0]])
    methods = ["log_prob", "prob", "log_cdf", "cdf", "log_survival_function"]
    result = _all_of(tf, d, x, methods, ["mean", "mode", "stddev", "variance", "entropy"])
    result["grads"] = tf.gradients(result["at"][0], [d.loc, d.scale])
    return result


def student_t(tf):
    d = tf.distributions.StudentT([1.0, 1.5, 4.0], 0.5, SCALES)
    x = tf.constant([-9.0, 0.25, 3.0])
    moments = ["mean", "mode", "variance", "stddev", "entropy"]
    result = _all_of(tf, d, x, ["log_prob", "prob", "cdf"], moments)
    result["grads"] = tf.gradients(result["at"][0], [d.df, d.loc, d.scale])
    strict = tf.distributions.StudentT(3.0, 0.0, 1.0, validate_args=True, allow_nan_stats=False)
    result["strict"] = [strict.mean(), strict.variance()]
    return result


def uniform(tf):
    d = tf.distributions.Uniform([0.0, -1.0], [[2.0, 3.0], [1.0, 0.5]])
    x = tf.constant([[0.5, 4.0], [1.0, -2.0]])
    methods = ["log_prob", "prob", "cdf", "survival_function", "log_survival_function"]
    result = _all_of(tf, d, x, methods, ["mean", "variance", "stddev", "entropy"])
    result["range"] = d.range()
    result["grads"] = tf.gradients(result["many"], [d.low, d.high])
    result["default"] = tf.distributions.Uniform(validate_args=True).sample(3, seed=4)
    return result


def beta(tf):
    d = tf.distributions.Beta(
        [[0.5, 2.0, 3.0], [1.0, 1.5, 2.5]], [[1.5, 4.0, 0.5], [2.0, 3.0, 5.0]]
    )
    x = tf.constant([[0.1, 0.25, 0.5], [0.75, 0.9, 0.3]])
    moments = ["mean", "mode", "variance", "stddev", "entropy"]
    result = _all_of(tf, d, x, ["log_prob", "prob", "log_cdf", "cdf"], moments)
    result["grads"] = tf.gradients(result["at"][0], [d.concentration1, d.concentration0])
    strict = tf.distributions.Beta(2.0, 3.0, validate_args=True, allow_nan_stats=False)
    result["strict"] = [strict.mode(), strict.log_prob([0.2, 0.4])]
    result["kl"] = tf.distributions.kl_divergence(d, strict)
    return result


def gamma(tf):
    d = tf.distributions.Gamma([0.5, 2.0, 3.0], [[1.5], [4.0]])
    x = tf.constant([[0.1, 0.25, 2.0], [0.75, 0.9, 3.0]])
    moments = ["mean", "mode", "variance", "stddev", "entropy"]
    result = _all_of(tf, d, x, ["log_prob", "prob", "cdf", "log_cdf"], moments)
    result["grads"] = tf.gradients(result["at"][0], [d.concentration, d.rate])
    strict = tf.distributions.Gamma(2.0, 3.0, validate_args=True, allow_nan_stats=False)
    result["strict"] = [strict.mode(), strict.prob([0.2, 0.4])]
    result["kl"] = tf.distributions.kl_divergence(d, strict, allow_nan_stats=False)
    return result


def exponential(tf):
    d = tf.distributions.Exponential([0.5, 2.0])
    x = tf.constant([0.1, 3.0])
    methods = ["log_prob", "prob", "cdf", "log_survival_function"]
    result = _all_of(tf, d, x, methods, ["mean", "variance", "stddev", "entropy"])
    result["kl"] = d.kl_divergence(tf.distributions.Exponential(1.0))
    result["cross"] = d.cross_entropy(tf.distributions.Gamma(2.0, 1.0))
    return result


def bernoulli(tf):
    d = tf.distributions.Bernoulli(logits=[-1.0, 0.5, 2.0])
    result = _all_of(
        tf, d, [0, 1, 1], ["log_prob", "prob"], ["mean", "mode", "variance", "stddev", "entropy"]
    )
    result["grads"] = tf.gradients(result["at"][0], d.logits)
    other = tf.distributions.Bernoulli(
        probs=[[0.2, 0.5, 0.9], [0.1, 0.3, 0.6]], dtype=tf.float32, validate_args=True
    )
    result["other"] = [other.logits, other.log_prob([1.0, 0.0, 1.0]), other.sample(2, seed=1)]
    result["kl"] = [tf.distributions.kl_divergence(d, other), d.cross_entropy(other)]
    return result


def categorical(tf):
    logits = tf.constant([[0.5, 1.0, -2.0, 0.0], [1.0, 1.0, 1.0, 3.0]])
    d = tf.distributions.Categorical(logits=logits)
    methods = ["log_prob", "prob", "cdf"]
    result = _all_of(tf, d, [3, 1], methods, ["mode", "entropy"])
    result["grads"] = tf.gradients([result["at"][0], result["moments"][1]], logits)
    other = tf.distributions.Categorical(probs=[0.1, 0.2, 0.3, 0.4], dtype=tf.int64)
    result["other"] = [other.sample([2, 3], seed=9), other.log_prob([[0, 1, 3], [2, 2, 1]])]
    result["kl"] = tf.distributions.kl_divergence(d, other)
    result["size"] = d.event_size
    return result


def categorical_of_unknown_shape(tf):
    logits = tf.placeholder(tf.float32, [None, None], name="logits")
    d = tf.distributions.Categorical(logits=logits, validate_args=True)
    k = tf.placeholder(tf.int32, [None], name="k")
    return {
        "drawn": d.sample(2, seed=3),
        "at": [d.log_prob(k), d.prob(k)],
        "moments": [d.mode(), d.entropy()],
        "feed": {logits: [[0.5, 1.0, -2.0], [1.0, 1.0, 1.0]], k: [2, 0]},
    }


def dirichlet(tf):
    d = tf.distributions.Dirichlet([[0.5, 2.0, 3.0], [1.5, 4.0, 2.5], [2.0, 1.5, 1.2]])
    x = tf.constant([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    moments = ["mean", "mode", "variance", "stddev", "covariance", "entropy"]
    result = _all_of(tf, d, x, ["log_prob", "prob"], moments)
    result["grads"] = tf.gradients(result["at"][0], d.concentration)
    strict = tf.distributions.Dirichlet([2.0, 3.0, 1.5], validate_args=True, allow_nan_stats=False)
    result["strict"] = [strict.mode(), strict.log_prob(x)]
    result["kl"] = tf.distributions.kl_divergence(d, strict)
    return result


def multinomial(tf):
    d = tf.distributions.Multinomial(5.0, logits=[0.5, 1.0, -1.0])  # one, as batches run at once
    moments = ["mean", "variance", "stddev", "covariance"]
    result = _all_of(tf, d, [1.0, 3.0, 1.0], ["log_prob", "prob"], moments)
    batch = tf.distributions.Multinomial([4.0, 5.0], logits=[[0.5, 1.0, -2.0], [1.0, 1.0, 1.0]])
    x = tf.constant([[1.0, 3.0, 0.0], [2.0, 1.0, 2.0]])
    result["batch"] = [
        batch.log_prob(x),
        batch.mean(),
        batch.covariance(),
        batch.sample(seed=1)[0, :0],
    ]
    result["grads"] = tf.gradients(result["batch"][0], batch.logits)
    strict = tf.distributions.Multinomial(3.0, probs=[0.2, 0.3, 0.5], validate_args=True)
    result["strict"] = strict.log_prob([1.0, 2.0, 0.0])
    return result


def dirichlet_multinomial(tf):
    d = tf.distributions.DirichletMultinomial(4.0, [[0.5, 2.0, 3.0], [1.5, 4.0, 2.5]])
    x = tf.constant([[1.0, 3.0, 0.0], [2.0, 1.0, 1.0]])
    moments = ["mean", "variance", "stddev", "covariance"]
    result = _all_of(tf, d, x, ["log_prob", "prob"], moments)
    result["grads"] = tf.gradients(result["at"][0], d.concentration)
    strict = tf.distributions.DirichletMultinomial(3.0, [2.0, 1.0, 0.5], validate_args=True)
    result["strict"] = strict.log_prob([1.0, 2.0, 0.0])
    return result


def own_distribution(tf):
    class Point(tf.distributions.Distribution):
        def __init__(self, value, name="Point"):
            parameters = dict(locals())
            with tf.name_scope(name) as name:
                self.value = tf.identity(value)
            super(Point, self).__init__(
                dtype=self.value.dtype,
                reparameterization_type=tf.distributions.NOT_REPARAMETERIZED,
                validate_args=False,
                allow_nan_stats=True,
                parameters=parameters,
                graph_parents=[self.value],
                name=name,
            )

        def _batch_shape(self):
            return self.value.shape

        def _event_shape(self):
            return tf.TensorShape([])

        def _sample_n(self, n, seed=None):
            return tf.tile(self.value[tf.newaxis], [n, 1])

        def _cdf(self, value):
            return tf.cast(value >= self.value, tf.float32)

    @tf.distributions.RegisterKL(Point, tf.distributions.Normal)
    def _kl(a, b, name=None):
        return -b.log_prob(a.value)

    d = Point([1.0, 2.0])
    normal = tf.distributions.Normal(0.0, 1.0)
    return {
        "sample": d.sample([2, 2]),
        "cdf": [d.cdf(1.5), d.survival_function(1.5)],
        "kl": tf.distributions.kl_divergence(d, normal),
    }


def parameters_of_distributions(tf):
    kinds = tf.distributions
    shapes = [
        sorted(kind.param_static_shapes([2, 3]).items())
        for kind in (kinds.Normal, kinds.Uniform, kinds.StudentT, kinds.Exponential)
    ]
    return {"shapes": [[key, str(shape)] for each in shapes for key, shape in each]}


def normal_of_two_types_error(tf):
    tf.distributions.Normal(tf.constant(1.0, tf.float64), tf.constant(1.0))


def normal_checked_error(tf):
    d = tf.distributions.Normal(0.0, tf.placeholder_with_default(-1.0, []), validate_args=True)
    return {"y": d.sample(seed=1)}


def kl_not_registered_error(tf):
    a, b = tf.distributions.Normal(0.0, 1.0), tf.distributions.Gamma(1.0, 1.0)
    tf.distributions.kl_divergence(a, b)


def bernoulli_without_parameters_error(tf):
    tf.distributions.Bernoulli()


def beta_mode_error(tf):
    d = tf.distributions.Beta(tf.placeholder_with_default(0.5, []), 2.0, allow_nan_stats=False)
    return {"y": d.mode()}
