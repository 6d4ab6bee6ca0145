"""`tf.contrib.lookup`."""

from tailrace.library.lookup import DenseHashTable as MutableDenseHashTable
from tailrace.library.lookup import (
    HashTable,
    KeyValueTensorInitializer,
    LookupInterface,
    MutableHashTable,
    TableInitializerBase,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileInitializer,
    TextFileStringTableInitializer,
)
from tailrace.library.lookup import InitializableLookupTableBase as InitializableLookupTableBase
from tailrace.library.vocabularies import (
    FastHashSpec,
    HasherSpec,
    IdTableWithHashBuckets,
    StrongHashSpec,
    index_table_from_file,
    index_table_from_tensor,
    index_to_string,
    index_to_string_table_from_file,
    index_to_string_table_from_tensor,
    string_to_index,
    string_to_index_table_from_file,
    string_to_index_table_from_tensor,
)
