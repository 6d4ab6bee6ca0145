"""`tf.linalg`."""

from tailrace.library.array_more import (
    diag as tensor_diag,
)
from tailrace.library.array_more import (
    diag_part as tensor_diag_part,
)
from tailrace.library.array_more import (
    matrix_band_part as band_part,
)
from tailrace.library.array_more import (
    matrix_diag as diag,
)
from tailrace.library.array_more import (
    matrix_diag_part as diag_part,
)
from tailrace.library.array_more import (
    matrix_set_diag as set_diag,
)
from tailrace.library.clip import (
    global_norm,
)
from tailrace.library.einsum import (
    einsum,
)
from tailrace.library.linalg import (
    matmul,
    matvec,
    tensordot,
    trace,
)
from tailrace.library.linear_operators.base import (
    LinearOperator,
)
from tailrace.library.linear_operators.combined import (
    LinearOperatorAdjoint,
    LinearOperatorComposition,
    LinearOperatorInversion,
)
from tailrace.library.linear_operators.identity import (
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
)
from tailrace.library.linear_operators.kinds import (
    LinearOperatorDiag,
    LinearOperatorFullMatrix,
    LinearOperatorLowerTriangular,
)
from tailrace.library.matrices import (
    adjoint,
    cholesky,
    cholesky_solve,
    eye,
    logdet,
    lu,
    norm,
    qr,
    slogdet,
    svd,
)
from tailrace.library.matrices import (
    matrix_determinant as det,
)
from tailrace.library.matrices import (
    matrix_inverse as inv,
)
from tailrace.library.matrices import (
    matrix_logarithm as logm,
)
from tailrace.library.matrices import (
    matrix_solve as solve,
)
from tailrace.library.matrices import (
    matrix_solve_ls as lstsq,
)
from tailrace.library.matrices import (
    matrix_square_root as sqrtm,
)
from tailrace.library.matrices import (
    matrix_triangular_solve as triangular_solve,
)
from tailrace.library.matrices import (
    self_adjoint_eig as eigh,
)
from tailrace.library.matrices import (
    self_adjoint_eigvals as eigvalsh,
)
from tailrace.library.matrix_exponential import (
    matrix_exponential as expm,
)
from tailrace.library.matrix_functions import (
    matrix_rank,
    matrix_transpose,
    normalize,
    pinv,
    tridiagonal_matmul,
    tridiagonal_solve,
)
from tailrace.library.matrix_functions import (
    matrix_transpose as transpose,
)
from tailrace.library.nn.normalization import (
    l2_normalize,
)
from tailrace.library.special_math import (
    cross,
)
