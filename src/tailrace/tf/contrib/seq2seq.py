"""`tf.contrib.seq2seq`."""

from tailrace.library.seq2seq.attention import (
    AttentionMechanism,
    BahdanauAttention,
    LuongAttention,
    hardmax,
)
from tailrace.library.seq2seq.attention_wrapper import AttentionWrapper, AttentionWrapperState
from tailrace.library.seq2seq.beam_arrays import gather_tree
from tailrace.library.seq2seq.beam_search import (
    BeamSearchDecoder,
    FinalBeamSearchDecoderOutput,
    tile_batch,
)
from tailrace.library.seq2seq.beam_states import (
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
)
from tailrace.library.seq2seq.decoder import (
    BasicDecoder,
    BasicDecoderOutput,
    Decoder,
    dynamic_decode,
)
from tailrace.library.seq2seq.helper import (
    CustomHelper,
    GreedyEmbeddingHelper,
    Helper,
    InferenceHelper,
    SampleEmbeddingHelper,
    TrainingHelper,
)
from tailrace.library.seq2seq.loss import sequence_loss
from tailrace.library.seq2seq.monotonic import (
    BahdanauMonotonicAttention,
    LuongMonotonicAttention,
    monotonic_attention,
    safe_cumprod,
)
from tailrace.library.seq2seq.scheduled import (
    ScheduledEmbeddingTrainingHelper,
    ScheduledOutputTrainingHelper,
)
