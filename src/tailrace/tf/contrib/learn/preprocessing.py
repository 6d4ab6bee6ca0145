"""`tf.contrib.learn.preprocessing`."""

from tailrace.library.preprocessing.text import ByteProcessor, VocabularyProcessor, tokenizer
from tailrace.library.preprocessing.vocabulary import CategoricalVocabulary
