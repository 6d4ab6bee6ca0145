"""`tf.contrib.crf`: linear-chain conditional random fields.

Source: Lafferty, McCallum and Pereira 2001; TF 1.15 contrib/crf/python/ops/crf.py.
"""
