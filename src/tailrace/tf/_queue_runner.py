"""`tf.train.queue_runner`."""

from tailrace.library.coordinator import QueueRunner, add_queue_runner, start_queue_runners
