"""Datasets that choose among elements, and CSV files as datasets."""

import os
import shutil
import tempfile


def _elements(tf, dataset, count):
    """The first elements, in a session of its own."""
    iterator = dataset.make_initializable_iterator()
    element = iterator.get_next()
    found = []
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        for _ in range(count):
            try:
                found.append(sess.run(element))
            except tf.errors.OutOfRangeError:
                found.append("end")
                break
    return found


def choose(tf):
    datasets = [tf.data.Dataset.range(i, i + 3) for i in (0, 10, 20)]
    choices = tf.data.Dataset.from_tensor_slices(tf.constant([0, 1, 2, 0, 0, 0, 1, 2], tf.int64))
    chosen = tf.data.experimental.choose_from_datasets(datasets, choices)
    return {"found": _elements(tf, chosen, 9)}


def choose_different_shapes(tf):
    datasets = [tf.data.Dataset.from_tensors([1, 2]), tf.data.Dataset.from_tensors([1, 2, 3])]
    chosen = tf.data.experimental.choose_from_datasets(datasets, tf.data.Dataset.range(2))
    return {"found": _elements(tf, chosen, 3), "shape": str(chosen.output_shapes)}


def sample(tf):
    tf.set_random_seed(3)
    datasets = [tf.data.Dataset.range(i, i + 9) for i in (0, 10, 20)]
    sampled = tf.data.experimental.sample_from_datasets(datasets, seed=5)
    return {"found": _elements(tf, sampled, 12)}


def sample_weighted(tf):
    datasets = [tf.data.Dataset.from_tensors(i).repeat() for i in range(3)]
    sampled = tf.data.experimental.sample_from_datasets(datasets, [0.5, 0.0, 0.5], seed=7)
    return {"found": _elements(tf, sampled, 20)}


def sample_by_dataset(tf):
    datasets = [tf.data.Dataset.from_tensors(i).repeat() for i in range(2)]
    weights = tf.data.Dataset.from_tensor_slices([[0.9, 0.1], [0.5, 0.5]]).repeat()
    sampled = tf.data.experimental.sample_from_datasets(datasets, weights, seed=7)
    return {"found": _elements(tf, sampled, 10)}


def random_numbers(tf):
    return {"found": _elements(tf, tf.data.experimental.RandomDataset(seed=3), 6)}


def scanned(tf):
    def add(state, x):
        return state + x, (state, x)

    dataset = tf.data.Dataset.range(5).apply(
        tf.data.experimental.scan(tf.constant(10, tf.int64), add)
    )
    return {"found": _elements(tf, dataset, 6)}


def scanned_growing(tf):
    def longer(state, x):
        return tf.concat([state, [x]], 0), tf.size(state)

    start = tf.constant([], tf.int64)
    dataset = tf.data.Dataset.range(3).apply(tf.data.experimental.scan(start, longer))
    return {"found": _elements(tf, dataset, 4)}


def counter(tf):
    counted = tf.data.experimental.Counter(start=4, step=-3)
    numbered = tf.data.Dataset.from_tensor_slices(["a", "b"]).apply(
        tf.data.experimental.enumerate_dataset(start=7)
    )
    return {"found": _elements(tf, counted, 4), "numbered": _elements(tf, numbered, 3)}


def taken_while(tf):
    limit = tf.constant(3, tf.int64)
    dataset = tf.data.Dataset.range(9).apply(tf.data.experimental.take_while(lambda x: x < limit))
    return {"found": _elements(tf, dataset, 5)}


def unique(tf):
    numbers = tf.data.Dataset.from_tensor_slices([3, 1, 3, 2, 1]).apply(
        tf.data.experimental.unique()
    )
    words = tf.data.Dataset.from_tensor_slices(["b", "a", "b"]).apply(tf.data.experimental.unique())
    return {"numbers": _elements(tf, numbers, 5), "words": _elements(tf, words, 3)}


def single_element(tf):
    dataset = tf.data.Dataset.range(5).batch(10).map(lambda x: (x, tf.reduce_sum(x)))
    return {"found": tf.data.experimental.get_single_element(dataset)}


def single_of_many_error(tf):
    return {"found": tf.data.experimental.get_single_element(tf.data.Dataset.range(2))}


def choices_of_another_type_error(tf):
    tf.data.experimental.choose_from_datasets(
        [tf.data.Dataset.range(3)], tf.data.Dataset.from_tensors(0)
    )


def chosen_out_of_range_error(tf):
    choices = tf.data.Dataset.from_tensors(tf.constant(4, tf.int64))
    chosen = tf.data.experimental.choose_from_datasets([tf.data.Dataset.range(3)] * 2, choices)
    return {"found": chosen.make_one_shot_iterator().get_next()}


def datasets_of_other_types_error(tf):
    datasets = [tf.data.Dataset.range(3), tf.data.Dataset.from_tensors("a")]
    tf.data.experimental.sample_from_datasets(datasets)


def weights_of_another_length_error(tf):
    tf.data.experimental.sample_from_datasets([tf.data.Dataset.range(3)] * 2, [0.1, 0.2, 0.7])


def unique_floats_error(tf):
    tf.data.Dataset.from_tensors(1.0).apply(tf.data.experimental.unique())


def take_while_number_error(tf):
    tf.data.Dataset.range(3).apply(tf.data.experimental.take_while(lambda x: x))


TEXT = 'a,b,c,d\n1,2.5,"x,y",7\n-4,1e3,"he said ""no""",\n5,NA,,9000000000\n'


class _File:
    """A CSV file in a folder that is gone afterwards."""

    def __init__(self, text=TEXT, count=1):
        self.text, self.count = text, count

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        for i in range(self.count):
            with open(os.path.join(self.folder, "%d.csv" % i), "w") as file:
                file.write(self.text)
        return os.path.join(self.folder, "0.csv")

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


def _kinds(tf):
    """Types and names of the nodes: the file's name is not compared."""
    return [[op.type, op.name] for op in tf.get_default_graph().get_operations()]


def csv_rows(tf):
    with _File() as path, tf.Graph().as_default():
        defaults = [tf.int32, [0.5], [""], tf.constant([3], tf.int64)]
        dataset = tf.data.experimental.CsvDataset(path, defaults, header=True, na_value="NA")
        found = _elements(tf, dataset, 4)
        return {"found": found, "types": str(dataset.output_types), "nodes": _kinds(tf)}


def csv_columns(tf):
    with _File('1;2;3\r\n4;5;6\r\n"7";8;"9\nlines"') as path, tf.Graph().as_default():
        dataset = tf.data.experimental.CsvDataset(
            path, [tf.float64, tf.string], field_delim=";", select_cols=[0, 2]
        )
        return {"found": _elements(tf, dataset, 4)}


def csv_no_quotes(tf):
    with _File('"a",b\n') as path, tf.Graph().as_default():
        dataset = tf.data.experimental.CsvDataset(
            path, [tf.string, tf.string], use_quote_delim=False
        )
        return {"found": _elements(tf, dataset, 2)}


def _failing(tf, text, defaults, **settings):
    with _File(text) as path, tf.Graph().as_default():
        dataset = tf.data.experimental.CsvDataset(path, defaults, **settings)
        _elements(tf, dataset, 3)


def csv_missing_field_error(tf):
    _failing(tf, "1,\n", [tf.int32, tf.int32])


def csv_not_a_number_error(tf):
    _failing(tf, "1,x\n", [tf.int32, tf.int32])


def csv_number_of_fields_error(tf):
    _failing(tf, "1,2,3\n", [tf.int32, tf.int32])


def csv_quote_inside_error(tf):
    _failing(tf, 'ab"c,2\n', [tf.string, tf.int32])


def csv_after_quote_error(tf):
    _failing(tf, '"ab"c,2\n', [tf.string, tf.int32])


def csv_open_quote_error(tf):
    _failing(tf, '1,"abc\n', [tf.int32, tf.string])


def csv_missing_file_error(tf):
    dataset = tf.data.experimental.CsvDataset("/nowhere/at/all.csv", [tf.int32])
    return {"found": dataset.make_one_shot_iterator().get_next()}


def made_from_csv(tf):
    with _File(count=2) as path, tf.Graph().as_default():
        dataset = tf.data.experimental.make_csv_dataset(
            os.path.dirname(path) + "/*.csv",
            2,
            label_name="a",
            shuffle=False,
            num_epochs=1,
            na_value="NA",
        )
        return {
            "found": _elements(tf, dataset, 4),
            "types": str(sorted(dataset.output_types[0].items())),
            "nodes": _kinds(tf),
        }


def made_from_csv_shuffled(tf):
    with _File(count=2) as path, tf.Graph().as_default():
        dataset = tf.data.experimental.make_csv_dataset(
            [path],
            3,
            column_names=["p", "q", "r", "s"],
            column_defaults=[tf.int32, [0.0], tf.int64],
            select_columns=["p", 1, "s"],
            na_value="NA",
            shuffle_seed=4,
            shuffle_buffer_size=5,
            header=True,
        )
        try:
            found = _elements(tf, dataset, 2)
        except tf.errors.InvalidArgumentError:
            found = "missing"
        return {"found": found, "nodes": _kinds(tf)}


def made_from_csv_endless(tf):
    with _File("x,y\n1,a\n2,b\n3,c\n") as path, tf.Graph().as_default():
        dataset = tf.data.experimental.make_csv_dataset(
            path, 2, shuffle_seed=4, prefetch_buffer_size=1, num_parallel_reads=2
        )
        return {"found": _elements(tf, dataset, 5)}


def no_csv_file_error(tf):
    tf.data.experimental.make_csv_dataset("/nowhere/*.csv", 2)


def csv_label_error(tf):
    with _File() as path:
        tf.data.experimental.make_csv_dataset(path, 2, label_name="z")


def csv_column_error(tf):
    with _File() as path:
        tf.data.experimental.make_csv_dataset(path, 2, select_columns=["a", "z"])


def csv_without_names_error(tf):
    with _File() as path:
        tf.data.experimental.make_csv_dataset(path, 2, header=False)
