"""Nested structures behave as `tf.nest` of TensorFlow 1.15.5 was seen to."""

import collections

import pytest

import tailrace as tf
from tailrace.graph import nest

Pair = collections.namedtuple("Pair", "a b")


def test_dicts_are_visited_by_key():
    structure = {"b": 1, "a": [2, 3]}
    assert nest.flatten(structure) == [2, 3, 1]
    assert nest.pack_sequence_as(structure, [1, 2, 3]) == {"b": 3, "a": [1, 2]}


def test_named_tuples_and_subclasses_are_kept():
    packed = nest.map_structure(lambda v: v + 1, Pair(1, [2, (3,)]))
    assert packed == Pair(2, [3, (4,)])
    assert type(packed) is Pair
    ordered = collections.OrderedDict([("z", 1), ("a", 2)])
    assert list(nest.map_structure(str, ordered).items()) == [("z", "1"), ("a", "2")]


def test_what_is_a_structure():
    found = [nest.is_sequence(v) for v in ([], (), {}, "a", set(), Pair(1, 2), 3)]
    assert found == [True, True, True, False, False, True, False]


@pytest.mark.parametrize(
    ("one", "other", "error"),
    [
        ([1, 2], [1, [2]], ValueError),
        ([1, 2], (1, 2), TypeError),
        ([1, 2], [1], ValueError),
        (Pair(1, 2), (1, 2), TypeError),
        ({"a": 1}, {"b": 1}, ValueError),
        (1, [1], ValueError),
    ],
)
def test_structures_that_differ(one, other, error):
    with pytest.raises(error, match="nested structure"):
        nest.assert_same_structure(one, other)


def test_named_tuples_of_one_name_and_fields_are_alike():
    other = collections.namedtuple("Pair", "a b")
    nest.assert_same_structure(Pair(1, 2), other(1, 2))
    nest.assert_same_structure([1, 2], (1, 2), check_types=False)


def test_counts_that_differ():
    with pytest.raises(ValueError, match="Structure had 3 elements"):
        nest.pack_sequence_as([1, [2, 3]], [1, 2])
    with pytest.raises(ValueError, match="scalar"):
        nest.pack_sequence_as(1, [1, 2])
    with pytest.raises(TypeError, match="must be a sequence"):
        nest.pack_sequence_as([1], 1)


def test_shallow_structures():
    assert nest.flatten_up_to([1, [2]], [[1, 5], [[2, 4]]]) == [[1, 5], [2, 4]]
    assert nest.map_structure_up_to([1, 2], str, [[1, 5], 3]) == ["[1, 5]", "3"]
    with pytest.raises(TypeError, match="must also be a sequence"):
        nest.flatten_up_to([1, [2]], [[1, 5], 3])
    with pytest.raises(ValueError, match="sequence length"):
        nest.flatten_up_to([1, 2, 3], [[1, 5], 3])
    with pytest.raises(TypeError, match="sequence type"):
        nest.flatten_up_to((1, 2), [[1, 5], 3])


def test_composite_tensors_count_as_their_tensors_when_asked():
    with tf.Graph().as_default():
        slices = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([0, 2]))
        assert nest.flatten([slices]) == [slices]
        values, indices = nest.flatten([slices], expand_composites=True)
        assert (values, indices) == (slices.values, slices.indices)
        (packed,) = nest.pack_sequence_as([slices], [values, indices], expand_composites=True)
        assert packed.indices is indices


def test_paths_to_leaves():
    structure = {"a": [1, 2], "b": Pair(3, 4)}
    paths = dict(nest.flatten_with_joined_string_paths(structure))
    assert paths == {"a/0": 1, "a/1": 2, "b/a": 3, "b/b": 4}


def test_flat_dicts():
    assert nest.flatten_dict_items({("a", "b"): (1, 2)}) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="not unique"):
        nest.flatten_dict_items({("a", "b"): (1, 2), "a": 3})
