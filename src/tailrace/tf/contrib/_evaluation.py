"""`tf.contrib.slim.evaluation`."""

from tailrace.library.checkpoint_utils import checkpoints_iterator, wait_for_new_checkpoint
from tailrace.library.training.evaluation import slim_evaluate_once as evaluate_once
from tailrace.library.training.evaluation import slim_evaluation_loop as evaluation_loop
