"""`tf.lookup`: tables from keys to values."""

from types import SimpleNamespace as _SimpleNamespace

from tailrace.library.lookup import (
    DenseHashTable,
    KeyValueTensorInitializer,
    StaticHashTable,
    TextFileIndex,
    TextFileInitializer,
)
from tailrace.library.vocabularies import StaticVocabularyTable

experimental = _SimpleNamespace(DenseHashTable=DenseHashTable)
