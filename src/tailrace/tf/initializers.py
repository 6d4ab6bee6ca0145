"""tf.initializers"""

from tailrace.library.initializers import (
    Constant as constant,
)
from tailrace.library.initializers import (
    GlorotNormal as glorot_normal,
)
from tailrace.library.initializers import (
    GlorotUniform as glorot_uniform,
)
from tailrace.library.initializers import (
    Identity as identity,
)
from tailrace.library.initializers import (
    Ones as ones,
)
from tailrace.library.initializers import (
    Orthogonal as orthogonal,
)
from tailrace.library.initializers import (
    RandomNormal as random_normal,
)
from tailrace.library.initializers import (
    RandomUniform as random_uniform,
)
from tailrace.library.initializers import (
    TruncatedNormal as truncated_normal,
)
from tailrace.library.initializers import (
    UniformUnitScaling as uniform_unit_scaling,
)
from tailrace.library.initializers import (
    VarianceScaling as variance_scaling,
)
from tailrace.library.initializers import (
    Zeros as zeros,
)
from tailrace.library.initializers import (
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
from tailrace.library.lookup import tables_initializer
from tailrace.library.variable_lists import (
    global_variables_initializer as global_variables,
)
from tailrace.library.variable_lists import (
    local_variables_initializer as local_variables,
)
from tailrace.library.variable_lists import (
    variables_initializer as variables,
)
