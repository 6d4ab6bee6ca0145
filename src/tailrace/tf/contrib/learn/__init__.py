"""`tf.contrib.learn`: what programs use of it beside estimators."""

from tailrace.library.mode_keys import ModeKeys
from tailrace.tf.contrib.learn import preprocessing
