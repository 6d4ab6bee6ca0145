"""Normal distributions of vectors: independent, by a triangular scale, by their covariance."""

import numpy as np

MEANS = np.array([[0.5, -1.0, 2.0], [0.0, 1.5, -0.5]], np.float32)
WIDTHS = np.array([[1.0, 0.5, 2.0], [0.3, 1.2, 0.7]], np.float32)
LOWER = np.array([[1.0, 0.0, 0.0], [0.5, 0.8, 0.0], [-0.2, 0.3, 1.5]], np.float32)
VALUES = np.array([[0.0, 0.0, 1.0], [1.0, -1.0, 0.5]], np.float32)


def _all(tf, made, values=VALUES):
    tf.set_random_seed(4)
    return {
        "one": made.sample(seed=1),
        "many": made.sample([3, 2], seed=2),
        "log_prob": made.log_prob(values),
        "prob": made.prob(values),
        "entropy": made.entropy(),
        "mean": made.mean(),
        "mode": made.mode(),
        "stddev": made.stddev(),
        "variance": made.variance(),
        "covariance": made.covariance(),
        "shapes": [made.batch_shape_tensor(), made.event_shape_tensor()],
        "static": [str(made.batch_shape), str(made.event_shape)],
    }


def independent(tf):
    return _all(tf, tf.contrib.distributions.MultivariateNormalDiag(MEANS, WIDTHS))


def independent_of_an_unknown_batch(tf):
    means = tf.placeholder(tf.float32, [None, 3], name="means")
    widths = tf.placeholder(tf.float32, [None, 3], name="widths")
    made = tf.contrib.distributions.MultivariateNormalDiag(means, widths)
    return dict(_all(tf, made), feed={means: MEANS, widths: WIDTHS})


def independent_of_one_width(tf):
    made = tf.contrib.distributions.MultivariateNormalDiag(MEANS[0], WIDTHS[0], 0.5)
    return _all(tf, made)


def independent_of_softplus_widths(tf):
    made = tf.contrib.distributions.MultivariateNormalDiagWithSoftplusScale(MEANS, WIDTHS)
    return {"log_prob": made.log_prob(VALUES), "stddev": made.stddev()}


def standard_around_a_mean(tf):
    made = tf.contrib.distributions.MultivariateNormalDiag(MEANS[0])
    return {"log_prob": made.log_prob(VALUES), "one": made.sample(seed=3)}


def of_a_triangular_scale(tf):
    return _all(tf, tf.contrib.distributions.MultivariateNormalTriL(MEANS, LOWER))


def of_a_covariance(tf):
    made = tf.contrib.distributions.MultivariateNormalFullCovariance(
        MEANS[0], LOWER.dot(LOWER.T), validate_args=True
    )
    return {"log_prob": made.log_prob(VALUES), "covariance": made.covariance()}


def one_hot_classes(tf):
    tf.set_random_seed(4)
    made = tf.contrib.distributions.OneHotCategorical(logits=MEANS, dtype=tf.float32)
    other = tf.contrib.distributions.OneHotCategorical(probs=[0.2, 0.5, 0.3])
    value = tf.one_hot([0, 2], 3)
    return {
        "drawn": made.sample(4, seed=3),
        "whole_numbers": other.sample(seed=2),
        "log_prob": [made.log_prob(value), other.log_prob(tf.one_hot([0, 2], 3, dtype=tf.int32))],
        "entropy": made.entropy(),
        "mode": made.mode(),
        "variance": other.variance(),
        "covariance": made.covariance(),
        "kl": made.kl_divergence(tf.contrib.distributions.OneHotCategorical(logits=WIDTHS)),
        "shapes": [made.batch_shape_tensor(), made.event_shape_tensor()],
        "gradient": tf.gradients(made.log_prob(value), made.logits),
    }


def one_hot_classes_of_an_unknown_batch(tf):
    logits = tf.placeholder(tf.float32, [None, 3], name="logits")
    made = tf.contrib.distributions.OneHotCategorical(logits=logits)
    drawn = made.sample(seed=3)
    found = {"drawn": drawn, "log_prob": made.log_prob(drawn), "entropy": made.entropy()}
    return dict(found, feed={logits: MEANS})


def divergences(tf):
    ds = tf.contrib.distributions
    one, other = (
        ds.MultivariateNormalDiag(MEANS, WIDTHS),
        ds.MultivariateNormalDiag(MEANS[::-1], [1.0, 2, 3]),
    )
    full = ds.MultivariateNormalTriL(MEANS[0], LOWER)
    return {
        "independent": ds.kl_divergence(one, other),
        "to_full": ds.kl_divergence(one, full),
        "from_full": full.kl_divergence(other),
    }


def gradients_through_a_sample(tf):
    means, widths = tf.constant(MEANS), tf.constant(WIDTHS)
    made = tf.contrib.distributions.MultivariateNormalDiag(means, widths)
    drawn = made.sample(seed=5)
    loss = tf.reduce_sum(made.log_prob(tf.stop_gradient(drawn)) + tf.reduce_sum(drawn, -1))
    return {"gradients": tf.gradients(loss, [means, widths])}


def sizes_that_differ_error(tf):
    tf.contrib.distributions.MultivariateNormalDiag(MEANS, [1.0, 2.0])


def nothing_given_error(tf):
    tf.contrib.distributions.MultivariateNormalTriL()
