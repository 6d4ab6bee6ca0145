"""`tf.queue`: queues."""

from tailrace.library.queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
