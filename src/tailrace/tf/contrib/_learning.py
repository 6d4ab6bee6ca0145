"""`tf.contrib.slim.learning`."""

from tailrace.library.contrib.learning import (
    add_gradients_summaries,
    create_train_op,
    train,
    train_step,
)
from tailrace.library.contrib.training import clip_gradient_norms, multiply_gradients
