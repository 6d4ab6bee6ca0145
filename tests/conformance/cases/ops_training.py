"""The steps of the optimizers as single operations: reference and resource forms, dense and sparse.

Those that no optimizer of the public API adds are covered here; the others by train_optimizers.py.
"""

import numpy as np

VAR = np.array([[0.5, -1.0], [2.0, 0.25], [-3.0, 1.5]], np.float32)
GRAD = np.array([[0.1, -0.2], [0.0, 0.3], [-0.4, 1.0]], np.float32)
ROWS = GRAD[:2]
INDICES = [2, 0]
ADAM = {"beta1_power": 0.81, "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-3}
AVERAGED = {"lr": 0.1, "rho": 0.9, "epsilon": 1e-3}
FTRL = {"lr": 0.1, "l1": 0.02, "l2": 0.03, "lr_power": -0.5}
SIGNED = {"lr": 0.1, "logbase": 0.7, "sign_decay": 0.5, "beta": 0.9}
PROXIMAL = {"l1": 0.02, "l2": 0.03}
CENTERED = {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 1e-3}
DUAL = {"lr": 0.1, "l1": 0.02, "l2": 0.03}


def _variables(tf, slots, resource):
    """The variable and its slots, the first slot 0.5, the second 2.0 and so on."""
    found = {"var": tf.Variable(VAR, name="var", use_resource=resource)}
    for i, slot in enumerate(slots):
        start = np.full(VAR.shape, 0.5 + 1.5 * i, np.float32)
        found[slot] = tf.Variable(start, name=slot, use_resource=resource)
    return found


def _apply(tf, name, slots, **values):
    """The variable and its slots after one and two steps, and the operation."""
    variables = _variables(tf, slots, name.startswith("Resource"))
    inputs = {slot: v.handle if name.startswith("Resource") else v for slot, v in variables.items()}
    values.setdefault("grad", ROWS if "Sparse" in name else GRAD)
    if "Sparse" in name:
        values["indices"] = INDICES
    step = getattr(tf.raw_ops, name)(**dict(inputs, **values))
    kept = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(2):
            sess.run(step)
            kept.append({key: sess.run(v) for key, v in variables.items()})
    return {"step": step if name.startswith("Resource") else step.op, "kept": kept}


def _dual(tf, name):
    """Adagrad's dual averaging has inputs of other names."""
    slots = ("gradient_accumulator", "gradient_squared_accumulator")
    grad = ROWS if "Sparse" in name else GRAD
    return _apply(tf, name, slots, global_step=tf.constant(3, tf.int64), grad=grad, **DUAL)


def ada_max(tf):
    return _apply(tf, "ApplyAdaMax", ("m", "v"), **ADAM)


def ada_max_resource(tf):
    return _apply(tf, "ResourceApplyAdaMax", ("m", "v"), **ADAM)


def adam_amsgrad(tf):
    hyper = dict(ADAM, beta2_power=0.98)
    return _apply(tf, "ResourceApplyAdamWithAmsgrad", ("m", "v", "vhat"), **hyper)


def adagrad_v2(tf):
    return _apply(tf, "ApplyAdagradV2", ("accum",), lr=0.1, epsilon=1e-2)


def adagrad_v2_without_update(tf):
    return _apply(tf, "ApplyAdagradV2", ("accum",), lr=0.1, epsilon=1e-2, update_slots=False)


def adagrad_v2_resource(tf):
    return _apply(tf, "ResourceApplyAdagradV2", ("accum",), lr=0.1, epsilon=1e-2)


def adagrad_v2_sparse(tf):
    return _apply(tf, "SparseApplyAdagradV2", ("accum",), lr=0.1, epsilon=1e-2)


def adagrad_v2_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyAdagradV2", ("accum",), lr=0.1, epsilon=1e-2)


def adagrad_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyAdagrad", ("accum",), lr=0.1)


def adagrad_da_resource(tf):
    return _dual(tf, "ResourceApplyAdagradDA")


def adagrad_da_sparse(tf):
    return _dual(tf, "SparseApplyAdagradDA")


def adagrad_da_resource_sparse(tf):
    return _dual(tf, "ResourceSparseApplyAdagradDA")


def adadelta_resource(tf):
    return _apply(tf, "ResourceApplyAdadelta", ("accum", "accum_update"), **AVERAGED)


def adadelta_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyAdadelta", ("accum", "accum_update"), **AVERAGED)


def add_sign(tf):
    hyper = {"lr": 0.1, "alpha": 0.7, "sign_decay": 0.5, "beta": 0.9}
    return _apply(tf, "ApplyAddSign", ("m",), **hyper)


def add_sign_resource(tf):
    hyper = {"lr": 0.1, "alpha": 0.7, "sign_decay": 0.5, "beta": 0.9}
    return _apply(tf, "ResourceApplyAddSign", ("m",), **hyper)


def power_sign(tf):
    return _apply(tf, "ApplyPowerSign", ("m",), **SIGNED)


def power_sign_resource(tf):
    return _apply(tf, "ResourceApplyPowerSign", ("m",), **SIGNED)


def centered_rms_prop_resource(tf):
    return _apply(tf, "ResourceApplyCenteredRMSProp", ("mg", "ms", "mom"), **CENTERED)


def centered_rms_prop_sparse(tf):
    return _apply(tf, "SparseApplyCenteredRMSProp", ("mg", "ms", "mom"), **CENTERED)


def centered_rms_prop_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyCenteredRMSProp", ("mg", "ms", "mom"), **CENTERED)


def ftrl_resource(tf):
    return _apply(tf, "ResourceApplyFtrl", ("accum", "linear"), **FTRL)


def ftrl_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyFtrl", ("accum", "linear"), **FTRL)


def ftrl_v2_resource(tf):
    return _apply(tf, "ResourceApplyFtrlV2", ("accum", "linear"), l2_shrinkage=0.01, **FTRL)


def ftrl_v2_sparse(tf):
    return _apply(tf, "SparseApplyFtrlV2", ("accum", "linear"), l2_shrinkage=0.01, **FTRL)


def ftrl_v2_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyFtrlV2", ("accum", "linear"), l2_shrinkage=0.01, **FTRL)


def keras_momentum(tf):
    return _apply(tf, "ResourceApplyKerasMomentum", ("accum",), lr=0.1, momentum=0.9)


def keras_momentum_nesterov(tf):
    hyper = {"lr": 0.1, "momentum": 0.9, "use_nesterov": True}
    return _apply(tf, "ResourceApplyKerasMomentum", ("accum",), **hyper)


def keras_momentum_sparse(tf):
    return _apply(tf, "ResourceSparseApplyKerasMomentum", ("accum",), lr=0.1, momentum=0.9)


def momentum_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyMomentum", ("accum",), lr=0.1, momentum=0.9)


def proximal_adagrad_resource(tf):
    return _apply(tf, "ResourceApplyProximalAdagrad", ("accum",), lr=0.1, **PROXIMAL)


def proximal_adagrad_sparse(tf):
    return _apply(tf, "SparseApplyProximalAdagrad", ("accum",), lr=0.1, **PROXIMAL)


def proximal_adagrad_resource_sparse(tf):
    return _apply(tf, "ResourceSparseApplyProximalAdagrad", ("accum",), lr=0.1, **PROXIMAL)


def proximal_descent_resource(tf):
    step = {"alpha": 0.1, "delta": GRAD}
    return _descent(tf, "ResourceApplyProximalGradientDescent", step)


def proximal_descent_sparse(tf):
    step = {"alpha": 0.1, "grad": ROWS, "indices": INDICES}
    return _descent(tf, "SparseApplyProximalGradientDescent", step)


def proximal_descent_resource_sparse(tf):
    step = {"alpha": 0.1, "grad": ROWS, "indices": INDICES}
    return _descent(tf, "ResourceSparseApplyProximalGradientDescent", step)


def _descent(tf, name, step):
    step = dict(step, **PROXIMAL)
    resource = name.startswith("Resource")
    var = tf.Variable(VAR, name="var", use_resource=resource)
    made = getattr(tf.raw_ops, name)(var=var.handle if resource else var, **step)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(made)
        return {"var": sess.run(var), "step": made if resource else made.op}


def indices_outside_error(tf):
    var = tf.Variable(VAR)
    return {
        "step": tf.raw_ops.SparseApplyProximalGradientDescent(
            var=var, alpha=0.1, grad=ROWS, indices=[0, 3], **PROXIMAL
        )
    }
