"""`tf.contrib.training`."""

from tailrace.library.checkpoint_utils import checkpoints_iterator, wait_for_new_checkpoint
from tailrace.library.contrib.bucket import bucket, bucket_by_sequence_length
from tailrace.library.contrib.hparam import HParams, parse_values
from tailrace.library.contrib.training import (
    add_gradients_summaries,
    clip_gradient_norms,
    clip_gradient_norms_fn,
    create_train_op,
    multiply_gradients,
    train,
)
from tailrace.library.training.evaluation import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    evaluate_once,
    evaluate_repeatedly,
    get_or_create_eval_step,
)
