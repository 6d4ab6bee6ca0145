"""`tf.linalg.LinearOperator*`: products, solutions, determinants of matrices of known structure."""

import numpy as np

FULL = np.array([[[4.0, 1.0, -0.5], [1.0, 3.0, 0.75], [-0.5, 0.75, 2.0]]] * 2) + np.eye(3)
FULL[1] *= 2
RIGHT = np.arange(12.0).reshape(2, 3, 2) / 4 - 1


def _all_of(tf, operator, x, vector):
    """What an operator gives for a matrix and a vector, its numbers and shapes."""
    return {
        "products": [
            operator.matmul(x),
            operator.matmul(x, adjoint=True),
            operator.matvec(vector),
        ],
        "solutions": [
            operator.solve(x),
            operator.solve(x, adjoint=True),
            operator.solvevec(vector),
        ],
        "numbers": [
            operator.determinant(),
            operator.log_abs_determinant(),
            operator.trace(),
            operator.diag_part(),
        ],
        "dense": [operator.to_dense(), operator.add_to_tensor(tf.ones(operator.shape))],
        "shapes": [
            operator.shape_tensor(),
            operator.batch_shape_tensor(),
            operator.domain_dimension_tensor(),
            operator.range_dimension_tensor(),
            operator.tensor_rank_tensor(),
        ],
        "static": [str(operator.shape), str(operator.batch_shape), operator.name],
        "hints": [
            str(operator.is_non_singular),
            str(operator.is_self_adjoint),
            str(operator.is_positive_definite),
            str(operator.is_square),
        ],
    }


def full_matrix(tf):
    matrix = tf.constant(FULL, tf.float32)
    operator = tf.linalg.LinearOperatorFullMatrix(matrix)
    x, vector = tf.constant(RIGHT, tf.float32), tf.constant(RIGHT[..., 0], tf.float32)
    result = _all_of(tf, operator, x, vector)
    result["grads"] = tf.gradients(result["solutions"], [matrix, x])
    result["checked"] = operator.matmul(x, name="after")
    with tf.control_dependencies([operator.assert_non_singular(), operator.assert_self_adjoint()]):
        result["asserted"] = tf.identity(x)
    return result


def positive_definite_matrix(tf):
    operator = tf.linalg.LinearOperatorFullMatrix(
        tf.constant(FULL[0], tf.float32),
        is_self_adjoint=True,
        is_positive_definite=True,
        name="spd",
    )
    x, vector = tf.constant(RIGHT, tf.float32), tf.constant(RIGHT[..., 0], tf.float32)
    result = _all_of(tf, operator, x, vector)
    factor = operator.cholesky()
    result["factor"] = [factor.to_dense(), type(factor).__name__, factor.name]
    result["same"] = operator.adjoint() is operator
    with tf.control_dependencies([operator.assert_positive_definite()]):
        result["asserted"] = tf.identity(x)
    return result


def lower_triangular(tf):
    """The mask of a decoder that sees only what came before, and the rest."""
    mask = tf.linalg.LinearOperatorLowerTriangular(tf.ones([4, 4])).to_dense()
    tril = tf.constant(FULL, tf.float32)
    operator = tf.linalg.LinearOperatorLowerTriangular(tril)
    x, vector = tf.constant(RIGHT, tf.float32), tf.constant(RIGHT[..., 0], tf.float32)
    result = _all_of(tf, operator, x, vector)
    result["mask"] = mask
    result["grads"] = tf.gradients(result["solutions"], [tril, x])
    with tf.control_dependencies([operator.assert_non_singular()]):
        result["asserted"] = tf.identity(x)
    return result


def lower_triangular_of_unknown_shape(tf):
    tril = tf.placeholder(tf.float32, [None, None], name="tril")
    operator = tf.linalg.LinearOperatorLowerTriangular(tril)
    x = tf.placeholder(tf.float32, [None, None], name="x")
    return {
        "y": [operator.matmul(x), operator.solve(x), operator.determinant()],
        "shapes": [operator.shape_tensor(), operator.batch_shape_tensor()],
        "feed": {tril: FULL[0], x: RIGHT[0]},
    }


def solutions_of_batches(tf):
    """More batch dimensions in the right side than in the matrix."""
    many = tf.constant(np.arange(24.0).reshape(4, 3, 2) / 8, tf.float32)
    results = []
    for kind in (tf.linalg.LinearOperatorLowerTriangular, tf.linalg.LinearOperatorFullMatrix):
        operator = kind(tf.constant(FULL[0], tf.float32))
        results += [operator.solve(many), operator.solve(many, adjoint=True)]
    batch = tf.linalg.LinearOperatorLowerTriangular(tf.constant(FULL, tf.float32))
    results.append(batch.solve(tf.constant(RIGHT[0], tf.float32)))
    return {"y": results, "grads": tf.gradients(results, many)}


def diagonal(tf):
    diag = tf.constant([[1.0, 2.0, 0.5], [-1.0, 3.0, 4.0]])
    operator = tf.linalg.LinearOperatorDiag(diag)
    x, vector = tf.constant(RIGHT, tf.float32), tf.constant(RIGHT[..., 0], tf.float32)
    result = _all_of(tf, operator, x, vector)
    result["grads"] = tf.gradients(result["solutions"] + result["numbers"], diag)
    inverse = operator.inverse()
    result["inverse"] = [inverse.to_dense(), inverse.name, type(inverse).__name__]
    with tf.control_dependencies([operator.assert_non_singular(), operator.assert_self_adjoint()]):
        result["asserted"] = tf.identity(x)
    return result


def diagonal_of_complex_numbers(tf):
    diag = tf.complex(tf.constant([1.0, 2.0]), tf.constant([0.5, -1.0]))
    operator = tf.linalg.LinearOperatorDiag(diag)
    x = tf.complex(tf.constant(RIGHT[0, :2], tf.float32), tf.ones([2, 2]))
    return {
        "y": [operator.matmul(x, adjoint=True), operator.solve(x, adjoint_arg=True)],
        "adjoint": operator.adjoint().to_dense(),
        "H": operator.H.matvec(x[0]),
        "det": operator.log_abs_determinant(),
    }


def identities(tf):
    x, vector = tf.constant(RIGHT, tf.float32), tf.constant(RIGHT[..., 0], tf.float32)
    plain = tf.linalg.LinearOperatorIdentity(3)
    batch = tf.linalg.LinearOperatorIdentity(3, batch_shape=[2], assert_proper_shapes=True)
    result = [_all_of(tf, operator, x, vector) for operator in (plain, batch)]
    rows = tf.placeholder_with_default(3, [])
    unknown = tf.linalg.LinearOperatorIdentity(rows)
    return {
        "plain": result[0],
        "batch": result[1],
        "repeated": batch.matmul(x[0]),
        "unknown": [unknown.matmul(x), unknown.trace(), unknown.diag_part(), unknown.to_dense()],
    }


def scaled_identity(tf):
    factor = tf.constant([2.0, -0.5])
    operator = tf.linalg.LinearOperatorScaledIdentity(3, factor)
    x, vector = tf.constant(RIGHT, tf.float32), tf.constant(RIGHT[..., 0], tf.float32)
    result = _all_of(tf, operator, x, vector)
    result["grads"] = tf.gradients(result["solutions"] + result["numbers"], factor)
    result["inverse"] = operator.inverse().to_dense()
    return result


def combinations(tf):
    full = tf.linalg.LinearOperatorFullMatrix(tf.constant(FULL, tf.float32), is_non_singular=True)
    lower = tf.linalg.LinearOperatorLowerTriangular(tf.constant(FULL[0], tf.float32))
    diag = tf.linalg.LinearOperatorDiag([1.0, 2.0, 0.5], is_positive_definite=True)
    scaled = tf.linalg.LinearOperatorScaledIdentity(3, 2.0)
    identity = tf.linalg.LinearOperatorIdentity(3)
    x = tf.constant(RIGHT, tf.float32)
    made = [
        full.matmul(lower),
        full.solve(lower),
        full.adjoint(),
        full.inverse(),
        full.inverse().inverse(),
        full.adjoint().adjoint(),
        lower.matmul(diag),
        diag.matmul(lower),
        diag.matmul(diag),
        diag.matmul(scaled),
        scaled.matmul(diag),
        diag.solve(lower),
        diag.solve(diag),
        diag.solve(scaled),
        scaled.solve(diag),
        identity.matmul(full),
        full.matmul(identity, adjoint=True),
        diag.cholesky(),
        full.inverse().solve(lower),
        tf.linalg.LinearOperatorComposition([full, lower, diag]),
    ]
    return {
        "y": [operator.matmul(x) for operator in made],
        "solved": [operator.solve(x, adjoint=True) for operator in made[:6]],
        "dense": [operator.to_dense() for operator in made[:6]],
        "numbers": [[made[i].determinant(), made[i].log_abs_determinant()] for i in (0, 2, 3)],
        "kinds": [[type(operator).__name__, operator.name] for operator in made],
        "hints": [[str(op.is_non_singular), str(op.is_self_adjoint)] for op in made],
    }


def operator_of_a_variable(tf):
    matrix = tf.get_variable("m", initializer=FULL[0].astype(np.float32), use_resource=True)
    operator = tf.linalg.LinearOperatorLowerTriangular(matrix)
    y = operator.matmul(tf.ones([3, 1]))
    return {"y": y, "grads": tf.gradients(y, matrix)}


def sizes_that_do_not_fit_error(tf):
    tf.linalg.LinearOperatorDiag([1.0, 2.0]).matmul(tf.ones([3, 1]))


def hints_that_exclude_one_another_error(tf):
    tf.linalg.LinearOperatorFullMatrix(tf.eye(2), is_positive_definite=True, is_non_singular=False)


def singular_diagonal_error(tf):
    operator = tf.linalg.LinearOperatorDiag(tf.placeholder_with_default([1.0, 0.0], [2]))
    with tf.control_dependencies([operator.assert_non_singular()]):
        return {"y": tf.identity(1.0)}
