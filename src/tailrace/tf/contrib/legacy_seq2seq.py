"""`tf.contrib.legacy_seq2seq`."""

from tailrace.library.seq2seq.legacy import (
    basic_rnn_seq2seq,
    embedding_rnn_decoder,
    embedding_rnn_seq2seq,
    embedding_tied_rnn_seq2seq,
    one2many_rnn_seq2seq,
    rnn_decoder,
    tied_rnn_seq2seq,
)
from tailrace.library.seq2seq.legacy_attention import (
    attention_decoder,
    embedding_attention_decoder,
    embedding_attention_seq2seq,
)
from tailrace.library.seq2seq.legacy_loss import (
    model_with_buckets,
    sequence_loss,
    sequence_loss_by_example,
)
