"""Lookup tables: filled once, changed, of vocabularies."""

import os
import shutil
import tempfile


def _filled(tf, fetched, feed=None):
    """What a session gives once the tables are filled."""
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        values = session.run(fetched, feed)
    return values


def _from_file(tf, content, make):
    """What `make(path)` gives to fetch, with a file that is there only while the case runs.

    The graph has the path in it and is thrown away.
    """
    folder = tempfile.mkdtemp()
    try:
        path = os.path.join(folder, "words")
        with open(path, "wb") as file:
            file.write(content)
        values = _filled(tf, make(path))
    finally:
        shutil.rmtree(folder)
        tf.reset_default_graph()
    return {"values": values}


def static_table(tf):
    initializer = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2], tf.string, tf.int64)
    table = tf.lookup.StaticHashTable(initializer, -1)
    keys = tf.placeholder(tf.string, [None, 2], name="keys")
    return {
        "found": table.lookup(keys),
        "size": table.size(),
        "default": table.default_value,
        "initializer": table.initializer,
        "name": table.name,
        "types": [table.key_dtype, table.value_dtype],
        "feed": {keys: [["b", "zz"], ["a", ""]]},
    }


def static_table_of_strings(tf):
    initializer = tf.lookup.KeyValueTensorInitializer([3, 7], ["three", "seven"], name="filling")
    table = tf.lookup.StaticHashTable(initializer, "?", name="words")
    scalar = table.lookup(tf.constant(7), name="seven")
    return {"scalar": scalar, "several": table.lookup(tf.constant([3, 1, 7])), "size": table.size()}


def static_export(tf):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["k"], [0.5]), 0.0)
    keys, values = table.export()
    return {"keys": keys, "values": values}


def static_sparse_keys(tf):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1, 2], [10, 20]), -1)
    keys = tf.SparseTensor([[0, 1], [2, 0]], tf.constant([2, 5]), [3, 2])
    return {"found": table.lookup(keys)}


def tables_initializer_without_tables(tf):
    return {"op": tf.tables_initializer(), "named": tf.initialize_all_tables("all_tables")}


def tables_initializer_of_two(tf):
    first = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [2]), -1)
    second = tf.contrib.lookup.HashTable(
        tf.contrib.lookup.KeyValueTensorInitializer(["x"], [2.0]), 0.0, name="second"
    )
    filling = tf.tables_initializer()
    found = [first.lookup(tf.constant([1])), second.lookup(tf.constant(["x", "y"]))]
    return {"filling": filling.name, "found": found, "same": second.init is second.initializer}


def in_a_conditional(tf):
    flag = tf.placeholder(tf.bool, [], name="flag")

    def found():
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [5]), -1)
        return table.lookup(tf.constant([1, 2]))

    result = tf.cond(flag, found, lambda: tf.constant([0, 0]))
    return {"result": result, "feed": [{flag: True}, {flag: False}]}


def contrib_table_exported(tf):
    initializer = tf.contrib.lookup.KeyValueTensorInitializer([4], ["four"])
    table = tf.contrib.lookup.HashTable(initializer, "", shared_name="shared")
    return {"all": list(table.export(name="everything"))}


def not_filled_error(tf):
    table = tf.contrib.lookup.HashTable(tf.lookup.KeyValueTensorInitializer([1], [2]), -1)
    with tf.Session() as session:
        return {"x": session.run(table.lookup(tf.constant([1])))}


def filled_with_two_values_error(tf):
    table = tf.contrib.lookup.HashTable(tf.lookup.KeyValueTensorInitializer([1, 1], [2, 3]), -1)
    with tf.Session() as session:
        return {"x": session.run(table.init)}


def filled_twice(tf):
    table = tf.contrib.lookup.HashTable(tf.lookup.KeyValueTensorInitializer([1, 2], [2, 2]), -1)
    with tf.Session() as session:
        sizes = [session.run(table.size())]
        for _ in range(2):
            session.run(table.init)
            sizes.append(session.run(table.size()))
    return {"sizes": [int(size) for size in sizes]}


def filled_with_less_error(tf):
    size = tf.placeholder(tf.int64, [])
    keys = tf.range(size)
    table = tf.contrib.lookup.HashTable(tf.lookup.KeyValueTensorInitializer(keys, keys), -1)
    with tf.Session() as session:
        session.run(table.init, {size: 3})
        return {"x": session.run(table.init, {size: 2})}


def keys_of_another_type_error(tf):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [2]), -1)
    return {"x": table.lookup(tf.constant(["a"]))}


# -- from files ------------------------------------------------------------------------------------


def lines_by_number(tf):
    def make(path):
        initializer = tf.lookup.TextFileInitializer(path, tf.int64, -1, tf.string, -2)
        table = tf.lookup.StaticHashTable(initializer, "?")
        return [table.lookup(tf.constant([2, 0, 3], tf.int64)), table.size()]

    return _from_file(tf, b"one\ntwo words\r\nthree", make)


def columns_of_a_file(tf):
    def make(path):
        initializer = tf.lookup.TextFileInitializer(
            path, tf.string, 1, tf.float32, 0, delimiter=";", vocab_size=2
        )
        table = tf.lookup.StaticHashTable(initializer, -1.0)
        return [table.lookup(tf.constant(["x", "y", "z"])), table.size()]

    return _from_file(tf, b"0.5;x;a\n-2;y;b\n3;z;c\n", make)


def _fails(tf, content, *arguments, **options):
    def make(path):
        initializer = tf.lookup.TextFileInitializer(path, *arguments, **options)
        return tf.lookup.StaticHashTable(initializer, -1).size()

    return _from_file(tf, content, make)


def empty_line_error(tf):
    return _fails(tf, b"a\n\nb\n", tf.string, -2, tf.int64, -1)


def too_few_columns_error(tf):
    return _fails(tf, b"a\tb\nc\n", tf.string, 0, tf.int64, 1)


def no_number_error(tf):
    return _fails(tf, b"a\tb\n", tf.string, 0, tf.int64, 1)


def fewer_lines_error(tf):
    return _fails(tf, b"a\nb\n", tf.string, -2, tf.int64, -1, vocab_size=3)


def line_twice_error(tf):
    return _fails(tf, b"a\na\n", tf.string, -2, tf.int64, -1)


def file_table_nodes(tf):
    """The graph alone: there is no such file."""
    first = tf.contrib.lookup.index_table_from_file("no/words", vocab_size=4, num_oov_buckets=2)
    second = tf.contrib.lookup.index_to_string_table_from_file("no/words", name="back")
    own = tf.lookup.TextFileInitializer("no/words", tf.string, 0, tf.int64, 1, name="own")
    third = tf.lookup.StaticHashTable(own, 7)
    found = [
        first.lookup(tf.constant(["a"])),
        second.lookup(tf.constant([1], tf.int64)),
        third.lookup(tf.constant([["a"]])),
    ]
    assets = tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS)
    return {
        "names": [t.name for t in found],
        "shapes": [str(t.shape) for t in found],
        "assets": [a.name for a in assets],
    }


def line_number_of_wrong_type_error(tf):
    return {"x": tf.lookup.TextFileInitializer("f", tf.string, -1, tf.int64, 0).key_dtype}


# -- vocabularies ----------------------------------------------------------------------------------


def words_to_numbers(tf):
    table = tf.contrib.lookup.index_table_from_tensor(["emerson", "lake", "palmer"])
    words = tf.constant([["lake", "and"], ["palmer", "emerson"]])
    return {"ids": table.lookup(words), "size": table.size()}


def words_to_numbers_with_buckets(tf):
    table = tf.contrib.lookup.index_table_from_tensor(
        tf.constant(["a", "b"]), num_oov_buckets=5, name="vocabulary"
    )
    words = tf.constant(["a", "b", "c", "d", "e", ""])
    return {"ids": table.lookup(words), "size": table.size(), "name": table.name}


def words_to_numbers_strong(tf):
    spec = tf.contrib.lookup.StrongHashSpec((17, 31))
    table = tf.contrib.lookup.index_table_from_tensor(["a"], 7, hasher_spec=spec)
    sparse = tf.SparseTensor([[0], [2]], tf.constant(["a", "zebra"]), [3])
    return {"ids": table.lookup(sparse), "init": table.initializer}


def integers_to_numbers(tf):
    table = tf.contrib.lookup.index_table_from_tensor(
        [10, 20, 30], num_oov_buckets=3, dtype=tf.int32
    )
    return {"ids": table.lookup(tf.constant([20, 5, 10], tf.int32)), "size": table.size()}


def buckets_alone(tf):
    table = tf.contrib.lookup.IdTableWithHashBuckets(None, 10, name="scope/only")
    found = table.lookup(tf.constant(["x", "y"]), name="found")
    return {"ids": found, "size": table.size(), "init": table.init, "name": table.name}


def numbers_to_words(tf):
    table = tf.contrib.lookup.index_to_string_table_from_tensor(["x", "y"], default_value="UNKNOWN")
    return {"words": table.lookup(tf.constant([1, 0, 5], tf.int64)), "size": table.size()}


def vocabulary_table(tf):
    initializer = tf.lookup.KeyValueTensorInitializer(
        ["a", "b"], tf.constant([0, 1], tf.int64), name="given"
    )
    table = tf.lookup.StaticVocabularyTable(initializer, 4)
    alone = tf.lookup.StaticVocabularyTable(None, 3, name="alone")
    words = tf.constant(["b", "c", "d"])
    return {
        "ids": [table.lookup(words), alone.lookup(words)],
        "sizes": [table.size(), alone.size()],
        "names": [table.name, alone.name],
        "init": table.initializer,
    }


def old_functions(tf):
    lookup = tf.contrib.lookup
    words = tf.constant(["b", "?"])
    return {
        "ids": lookup.string_to_index(words, ["a", "b"], default_value=9),
        "words": lookup.index_to_string(tf.constant([0, 4], tf.int64), ["a", "b"]),
        "table": lookup.string_to_index_table_from_tensor(["b"], name="old").lookup(words),
        "file": lookup.string_to_index_table_from_file.__name__,
    }


def files_of_words(tf):
    def make(path):
        lookup = tf.contrib.lookup
        index = lookup.index_table_from_file(path, num_oov_buckets=1)
        plain = lookup.string_to_index_table_from_file(path, vocab_size=2, default_value=7)
        back = lookup.index_to_string_table_from_file(path)
        words = tf.constant(["c", "x", "a"])
        ids = index.lookup(words)
        return [ids, plain.lookup(words), back.lookup(ids), index.size()]

    return _from_file(tf, b"a\nb\nc\n", make)


def no_vocabulary_error(tf):
    return {"x": tf.contrib.lookup.index_table_from_file("")}


def words_of_another_type_error(tf):
    return {"x": tf.contrib.lookup.index_table_from_tensor([1.5], dtype=tf.string)}


# -- tables that change ----------------------------------------------------------------------------


def mutable_table(tf):
    table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1)
    put = table.insert(["a", "b", "a"], [1, 2, 3])
    found = table.lookup(tf.constant([["a"], ["c"]]))
    forget = table.remove(tf.constant(["b", "c"]))
    size = table.size()
    exported = table.export()
    values = []
    with tf.Session() as session:
        values.append(session.run(found).tolist())
        session.run(put)
        values += [session.run(found).tolist(), int(session.run(size))]
        session.run(forget)
        values += [int(session.run(size)), [part.tolist() for part in session.run(exported)]]
    shapes = [str(t.shape) for t in (found,) + tuple(exported)]
    return {"values": values, "shapes": shapes, "name": table.name}


def mutable_table_of_vectors(tf):
    table = tf.contrib.lookup.MutableHashTable(
        tf.int64, tf.float32, tf.constant([0.0, -1.0]), name="vectors", checkpoint=False
    )
    keys = tf.placeholder(tf.int64, [None], name="keys")
    put = table.insert([1, 5], [[1.0, 2.0], [3.0, 4.0]], name="put")
    found = table.lookup(keys, name="found")
    with tf.Session() as session:
        session.run(put)
        values = session.run(found, {keys: [5, 2, 1]})
    return {"values": values, "shape": str(found.shape)}


def dense_table(tf):
    table = tf.contrib.lookup.MutableDenseHashTable(
        tf.int64, tf.int64, -1, empty_key=0, deleted_key=-5, initial_num_buckets=32
    )
    put, forget = table.insert([3, 4], [30, 40]), table.remove(tf.constant([3], tf.int64))
    found, size = table.lookup([4, 3, 9]), table.size()
    with tf.Session() as session:
        session.run(put)
        values = [session.run(found), session.run(size)]
        session.run(forget)
        values += [session.run(found), session.run(size)]
    return {"values": values, "shape": str(found.shape)}


def dense_table_reserved_key_error(tf):
    table = tf.lookup.experimental.DenseHashTable(
        tf.int64, tf.int64, -1, empty_key=0, deleted_key=-5, initial_num_buckets=32
    )
    with tf.Session() as session:
        return {"x": session.run(table.insert([0], [1]))}


def values_of_another_shape_error(tf):
    table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1)
    with tf.Session() as session:
        return {"x": session.run(table.insert(["a", "b"], [[1, 2]]))}


def table_in_a_checkpoint(tf):
    table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="saved")
    variable = tf.Variable(1.0, name="v")
    put, other = table.insert(["a", "b"], [1, 2]), table.insert(["c"], [3])
    found, size = table.lookup(["a", "b", "c"]), table.size()
    saver = tf.train.Saver()
    folder = tempfile.mkdtemp()
    try:
        with tf.Session() as session:
            session.run(variable.initializer)
            session.run(put)
            path = saver.save(session, os.path.join(folder, "model"))
        with tf.Session() as session:
            session.run(other)
            saver.restore(session, path)
            values = [session.run(found), session.run(size), session.run(variable)]
        names = [name for name, _ in tf.train.list_variables(path)]
    finally:
        shutil.rmtree(folder)
    return {"values": values, "names": names}


def raw_operations(tf):
    table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    values = tf.constant([3, 4], tf.int64)
    filled = tf.raw_ops.InitializeTableV2(table_handle=table, keys=["a", "b"], values=values)
    with tf.control_dependencies([filled]):
        found = tf.raw_ops.LookupTableFindV2(
            table_handle=table, keys=["b", "c"], default_value=tf.constant(-1, tf.int64)
        )
    return {"found": found}
