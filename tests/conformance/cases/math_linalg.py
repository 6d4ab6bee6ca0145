"""Matrix products, factorizations, systems of equations, tensor products, Fourier transforms."""

import numpy as np

A = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.75], [-0.5, 0.75, 2.0]])
B = np.array([[1.0, 2.0], [-1.0, 0.5], [0.25, 3.0]])
M = np.array([[2.0, 1.0, 0.5], [-1.0, 3.0, 0.25], [0.5, 0.75, -2.0]])
BATCH = np.arange(24).reshape(2, 3, 4) / 6.0 - 1.0


def products(tf):
    a = tf.constant(B, "float32", name="a")
    results = []
    for transpose_a in (False, True):
        for transpose_b in (False, True):
            b = tf.constant(B.T if transpose_a == transpose_b else B, "float32")
            y = tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
            first = tf.gradients(tf.square(y), [a, b])
            results.append([y, first, tf.gradients(first[0], b)])
    return {"y": results, "operator": a @ tf.constant(B.T, "float32")}


def products_of_unknown_shapes(tf):
    a = tf.placeholder(tf.float32, [None, 2], name="a")
    b = tf.placeholder(tf.float32, [2, None], name="b")
    c = tf.placeholder(tf.float32)
    y = tf.matmul(tf.matmul(a, b, name="ab"), c)
    return {"y": y, "grads": tf.gradients(y, [a, b, c]), "feed": {a: B, b: B.T, c: A}}


def products_of_batches(tf):
    a = tf.constant(BATCH, "float32")
    b = tf.constant(BATCH[:, :, :2], "float32")
    matrix = tf.constant(B.T, "float32")
    results = [
        tf.matmul(a, b, transpose_a=True),
        tf.matmul(a, a, adjoint_b=True),
        tf.matmul(b, matrix),
        tf.matmul(a[:1], b, transpose_a=True),
    ]
    return {"y": results, "grads": [tf.gradients(y * y, [a, b, matrix]) for y in results]}


def products_of_integers(tf):
    a = tf.constant([[1, 2], [3, 4]])
    return {"y": tf.matmul(a, a, transpose_b=True), "batch": tf.matmul([a, a], [a, a])}


def products_of_complex_numbers(tf):
    a = tf.complex(tf.constant(A), tf.constant(M))
    b = tf.complex(tf.constant(B), tf.constant(-B))
    y = tf.matmul(a, b, adjoint_a=True)
    return {"y": y, "grads": tf.gradients(tf.real(y), [a, b]), "plain": tf.matmul(a, b)}


def sparse_products(tf):
    a = tf.constant(B, "float32")
    b = tf.constant(B.T, "float32")
    y = tf.matmul(a, b, a_is_sparse=True)
    return {"y": y, "grads": tf.gradients(y, [a, b]), "raw": tf.sparse_matmul(a, b)}


def matrix_times_vector(tf):
    a = tf.constant(A, "float32")
    v = tf.constant([1.0, -2.0, 0.5])
    y = tf.linalg.matvec(a, v)
    return {"y": y, "grads": tf.gradients(y * y, [a, v]), "t": tf.linalg.matvec(a, v, True)}


def matmul_both_flags_error(tf):
    return {"y": tf.matmul(A, A, transpose_a=True, adjoint_a=True)}


def matmul_vector_error(tf):
    return {"y": tf.matmul(tf.constant([1.0, 2.0]), tf.constant([[1.0], [2.0]]))}


def matmul_fed_shapes_error(tf):
    a = tf.placeholder(tf.float32, [None, None])
    return {"y": tf.matmul(a, tf.ones([3, 2])), "feed": {a: np.ones((2, 2))}}


def batches_that_do_not_fit_error(tf):
    a = tf.placeholder(tf.float32)
    return {"y": tf.matmul(a, tf.ones([3, 2, 2])), "feed": {a: np.ones((2, 2, 2))}}


def identities(tf):
    n = tf.placeholder(tf.int32, [])
    return {
        "y": [
            tf.eye(3),
            tf.eye(2, 3),
            tf.eye(2, batch_shape=[3]),
            tf.eye(2, dtype=tf.int32, name="i"),
            tf.eye(n),
            tf.eye(n, 2),
            tf.eye(2, num_columns=3, batch_shape=[2]),
        ],
        "feed": {n: 4},
    }


def traces(tf):
    x = tf.constant(A, "float32")
    y = tf.trace(x)
    return {"y": y, "grad": tf.gradients(y * y, x), "batch": tf.linalg.trace(np.array([A, M]))}


def positive_definite(tf):
    a = tf.constant(A)
    b = tf.constant(B)
    chol = tf.cholesky(a)
    results = [chol, tf.cholesky_solve(chol, b), tf.linalg.logdet(a)]
    return {"y": results, "grads": [tf.gradients(y, [a, b]) for y in results]}


def determinants_and_inverses(tf):
    m = tf.constant(np.array([M, A]))
    results = [
        tf.matrix_determinant(m),
        tf.matrix_inverse(m),
        tf.matrix_inverse(m, adjoint=True, name="inv"),
        tf.linalg.slogdet(m)[1],
    ]
    return {
        "y": results,
        "sign": tf.linalg.slogdet(m)[0],
        "grads": [tf.gradients(y, m) for y in results],
    }


def systems(tf):
    m = tf.constant(M)
    b = tf.constant(B)
    results = [
        tf.matrix_solve(m, b),
        tf.matrix_solve(m, b, adjoint=True),
        tf.matrix_triangular_solve(m, b),
        tf.matrix_triangular_solve(m, b, lower=False),
        tf.matrix_triangular_solve(m, b, adjoint=True),
        tf.matrix_triangular_solve(m, b, lower=False, adjoint=True),
    ]
    return {"y": results, "grads": [tf.gradients(y * y, [m, b]) for y in results]}


def least_squares(tf):
    tall = tf.constant(B)
    wide = tf.constant(B.T)
    rhs = tf.constant([[1.0], [2.0], [-1.0]], tf.float64)
    results = [
        tf.matrix_solve_ls(tall, rhs),
        tf.matrix_solve_ls(tall, rhs, l2_regularizer=0.5),
        tf.matrix_solve_ls(wide, rhs[:2]),
        tf.matrix_solve_ls(wide, rhs[:2], l2_regularizer=0.5, name="ls"),
    ]
    return {
        "y": results,
        "grads": [tf.gradients(y, [tall, wide, rhs]) for y in results],
        "slow": tf.matrix_solve_ls(tall, rhs, fast=False),
    }


def triangular_factors(tf):
    m = tf.constant(M)
    q, r = tf.qr(m)
    full_q, full_r = tf.qr(tf.constant(B), full_matrices=True)
    lu, p = tf.linalg.lu(m)
    return {
        "product": tf.matmul(q, r),
        "size": [tf.abs(q), tf.abs(r)],
        "full": tf.matmul(full_q, full_r),
        "grads": tf.gradients([tf.abs(q), tf.square(r)], m),
        "lu": [lu, p],
    }


def eigenvalues(tf):
    a = tf.constant(A)
    e, v = tf.self_adjoint_eig(a)
    values = tf.self_adjoint_eigvals(a)
    return {
        "e": [e, values],
        "v": tf.abs(v),
        "grads": [tf.gradients(e * e, a), tf.gradients(tf.square(v), a), tf.gradients(values, a)],
    }


def singular_values(tf):
    results = {}
    for name, value in (("square", M), ("tall", B), ("wide", B.T)):
        x = tf.constant(value)
        s, u, v = tf.svd(x)
        results[name] = [
            s,
            tf.abs(u),
            tf.abs(v),
            tf.matmul(u * s, v, adjoint_b=True),
            tf.gradients([s * s, tf.square(u), tf.square(v)], x),
        ]
        results[name + "_values"] = tf.svd(x, compute_uv=False)
        results[name + "_grads"] = tf.gradients(results[name + "_values"], x)
    full = tf.svd(tf.constant(B), full_matrices=True)
    results["full"] = [full[0], tf.abs(full[1]), tf.abs(full[2])]
    return results


def functions_of_matrices(tf):
    a = tf.constant(A)
    root = tf.matrix_square_root(a)
    return {
        "root": root,
        "grad": tf.gradients(root, a),
        "log": tf.linalg.logm(tf.complex(a, tf.zeros_like(a))),
    }


def norms(tf):
    x = tf.constant(M)
    results = [
        tf.norm(x),
        tf.norm(x, axis=1),
        tf.norm(x, 1),
        tf.norm(x, ord=1, axis=0, keepdims=True),
        tf.norm(x, np.inf),
        tf.norm(x, 3, axis=1),
        tf.norm(x, axis=[0, 1]),
        tf.norm(x, 1, axis=(0, 1)),
        tf.norm(x, np.inf, axis=(-2, -1), keep_dims=True),
        tf.norm(x, "fro", axis=[0, 1], name="n"),
    ]
    return {"y": results, "grads": [tf.gradients(y, x) for y in results]}


def not_positive_definite_error(tf):
    return {"y": tf.cholesky(-A)}


def singular_inverse_error(tf):
    return {"y": tf.matrix_inverse(np.ones((2, 2)))}


def singular_system_error(tf):
    return {"y": tf.matrix_solve(np.ones((2, 2)), np.ones((2, 1)))}


def not_square_error(tf):
    return {"y": tf.matrix_inverse(B)}


def norm_order_error(tf):
    return {"y": tf.norm(tf.constant(M), -1)}


def tensor_products(tf):
    a = tf.constant(BATCH, "float32")
    b = tf.constant(BATCH.transpose(2, 0, 1), "float32")
    results = [
        tf.tensordot(a, b, 1),
        tf.tensordot(a, b, [[2, 0], [0, 1]]),
        tf.tensordot(a, b, [[0], [1]]),
        tf.tensordot(a, b, [-1, 0]),
        tf.tensordot(a[0, 0], a[0, 1], 0, name="outer"),
    ]
    return {"y": results, "grads": [tf.gradients(y * y, [a, b]) for y in results]}


def tensor_products_of_unknown_shapes(tf):
    a = tf.placeholder(tf.float32, [None, 3, None])
    b = tf.placeholder(tf.float32)
    axes = tf.placeholder(tf.int32, [2, 1])
    results = [
        tf.tensordot(a, a, [[1], [1]]),
        tf.tensordot(a, tf.ones([4, 2]), 1),
        tf.tensordot(b, a, [[0], [2]]),
        tf.tensordot(a, b, axes),
    ]
    return {
        "y": results,
        "grads": [tf.gradients(y, [a, b]) for y in results],
        "feed": {a: BATCH, b: BATCH.transpose(2, 0, 1), axes: [[2], [0]]},
    }


def tensordot_axes_error(tf):
    return {"y": tf.tensordot(A, B, [[0, 1], [0]])}


def einsums(tf):
    a = tf.constant(BATCH, "float32")
    b = tf.constant(BATCH[:, :, :2], "float32")
    m = tf.constant(A, "float32")
    results = [
        tf.einsum("bij,bik->bjk", a, b),
        tf.einsum("ij,jk", m, m),
        tf.einsum("ij,jk->ki", m, m),
        tf.einsum("bij,jk,kl->bil", a, tf.ones([4, 3]), m),
        tf.einsum("ij->ji", m),
        tf.einsum("ij->", m),
        tf.einsum("ii", m),
        tf.einsum("i,j->ij", m[0], m[1]),
        tf.einsum("...ij,...jk->...ik", a, tf.ones([2, 4, 3])),
        tf.einsum("bij,bi->b", a, a[:, :, 0]),
        tf.einsum("ij,ij->ij", m, m, name="hadamard"),
        tf.einsum("ij,ij,ij->i", m, m, m),
    ]
    return {"y": results, "grads": [tf.gradients(y * y, [a, b, m]) for y in results]}


def einsums_of_unknown_shapes(tf):
    a = tf.placeholder(tf.float32, [None, 3, None])
    b = tf.placeholder(tf.float32, [None, None])
    results = [tf.einsum("bij,jk->bik", a, b), tf.einsum("bij,bkj->bik", a, a)]
    return {
        "y": results,
        "grads": [tf.gradients(y, [a, b]) for y in results],
        "feed": {a: BATCH, b: np.ones((4, 2))},
    }


def einsum_format_error(tf):
    return {"y": tf.einsum("i1->i", tf.ones([2, 2]))}


def einsum_count_error(tf):
    return {"y": tf.einsum("ij,jk->ik", tf.ones([2, 2]))}


def einsum_axis_twice_error(tf):
    return {"y": tf.einsum("ii->i", tf.ones([2, 2]))}


def fourier_transforms(tf):
    z = tf.complex(tf.constant(BATCH, "float32"), tf.constant(-BATCH[::-1], "float32"))
    results = [
        tf.fft(z),
        tf.ifft(z),
        tf.fft2d(z),
        tf.ifft2d(z),
        tf.fft3d(z),
        tf.spectral.ifft3d(z, name="back"),
    ]
    return {
        "y": results,
        "grads": [tf.gradients(tf.real(y), z) for y in results],
        "tolerance": {
            "rtol": 1e-5,
            "atol": 1e-5,
            "reason": "sums of 24 numbers of size 4 that cancel: their rounding is 2e-6",
        },
    }


def fourier_transforms_of_real_numbers(tf):
    x = tf.constant(np.cos(7.0 * BATCH**2), "float32")
    half = tf.complex(x, x * x)
    results = [
        tf.spectral.rfft(x),
        tf.spectral.rfft(x, [6]),
        tf.spectral.rfft2d(x),
        tf.spectral.rfft2d(x, [3, 6]),
    ]
    backs = [
        tf.spectral.irfft(half),
        tf.spectral.irfft(half, [7]),
        tf.spectral.irfft(half, [10]),
        tf.spectral.irfft2d(half),
        tf.spectral.irfft2d(half, [3, 7], name="back"),
    ]
    return {
        "y": results,
        "back": backs,
        "others": [tf.spectral.rfft3d(x), tf.spectral.irfft3d(half), tf.spectral.rfft(x, [3])],
        "grads": [tf.gradients(tf.abs(y), x) for y in results],
        "back_grads": [tf.gradients(y, half) for y in backs],
        "tolerance": {
            "rtol": 1e-5,
            "atol": 1e-5,
            "reason": "sums of 24 numbers of size 4 that cancel: their rounding is 2e-6",
        },
    }


def fourier_transforms_of_unknown_lengths(tf):
    x = tf.placeholder(tf.float32, [None, None])
    n = tf.placeholder(tf.int32, [1])
    results = [tf.spectral.rfft(x), tf.spectral.rfft(x, n)]
    return {
        "y": results,
        "back": tf.spectral.irfft(results[0]),
        "grads": [tf.gradients(tf.real(y), x) for y in results],
        "feed": {x: BATCH[0], n: [6]},
    }


def shifted_frequencies(tf):
    x = tf.constant(BATCH, "float32")
    return {
        "y": [
            tf.signal.fftshift(x),
            tf.signal.ifftshift(x, axes=1),
            tf.signal.fftshift(x, axes=[0, 2], name="s"),
        ],
    }


def ranks_and_pseudo_inverses(tf):
    tall = tf.constant(B)
    low = tf.constant(np.outer([1.0, 2.0, 3.0], [1.0, -1.0]))
    unknown = tf.placeholder(tf.float64, [None, 2])
    inverse = tf.linalg.pinv(tall)
    return {
        "ranks": [
            tf.linalg.matrix_rank(tall),
            tf.linalg.matrix_rank(low, name="r"),
            tf.linalg.matrix_rank(unknown),
            tf.linalg.matrix_rank(tall, tol=100.0),
        ],
        "inverse": inverse,
        "others": [tf.linalg.pinv(low), tf.linalg.pinv(unknown, rcond=0.1)],
        "normalized": tf.linalg.normalize(tall, axis=1),
        "feed": {unknown: B},
    }


def tridiagonal_matrices(tf):
    diagonals = tf.constant([[1.0, -0.5, 9.0], [4.0, 3.0, 2.0], [9.0, 0.5, 1.5]], tf.float64)
    rhs = tf.constant(B)
    results = [
        tf.linalg.tridiagonal_solve(diagonals, rhs),
        tf.linalg.tridiagonal_solve(diagonals, rhs[:, 0]),
        tf.linalg.tridiagonal_solve(diagonals, tf.transpose(rhs), transpose_rhs=True),
        tf.linalg.tridiagonal_solve(diagonals, rhs, partial_pivoting=False),
        tf.linalg.tridiagonal_matmul(diagonals, rhs),
    ]
    parts = (diagonals[0, :2], diagonals[1], diagonals[2, 1:])
    matrix = tf.constant(A)
    return {
        "y": results,
        "grads": [tf.gradients(y * y, [diagonals, rhs]) for y in results],
        "parts": tf.linalg.tridiagonal_solve(parts, rhs, diagonals_format="sequence"),
        "matrix": tf.linalg.tridiagonal_solve(matrix, rhs, diagonals_format="matrix"),
        "product": tf.linalg.tridiagonal_matmul(matrix, rhs, diagonals_format="matrix"),
    }


def pseudo_inverse_of_integers_error(tf):
    return {"y": tf.linalg.pinv(tf.constant([[1, 2], [3, 4]]))}


def singular_tridiagonal_error(tf):
    return {"y": tf.linalg.tridiagonal_solve(tf.zeros([3, 2]), tf.ones([2, 1]))}


def matrix_exponentials(tf):
    single = tf.constant(np.array([M, 3.0 * A, 0.01 * M]), tf.float32)
    double = tf.constant(A)
    unknown = tf.placeholder(tf.float64, [None, 3, 3])
    results = [tf.linalg.expm(single), tf.linalg.expm(double), tf.linalg.expm(unknown, name="e")]
    return {
        "y": results,
        "grad": tf.gradients(results[1], double),
        "feed": {unknown: np.array([M, 0.001 * M, 5.0 * M])},
        "tolerance": {"rtol": 1e-4, "atol": 1e-4, "reason": "the largest entries are near 1e6"},
    }


def exponential_of_integers_error(tf):
    return {"y": tf.linalg.expm(tf.constant([[1, 2], [3, 4]]))}
