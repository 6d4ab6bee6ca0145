"""`tf.audio`."""

from tailrace.library.audio import decode_wav, encode_wav

__all__ = ["decode_wav", "encode_wav"]
