"""What conformance cases cannot show of graphs in files."""

import pytest

import tailrace as tf
from tailrace.errors import UnsupportedOpError
from tailrace.formats import protos
from tailrace.library.meta_graph_export import export_scoped_meta_graph
from tailrace.library.meta_graph_import import copy_scoped_meta_graph, read_meta_graph_file
from tailrace.library.op_list import op_def_proto, strip_default_attrs
from tailrace.library.saved_model.builder import SavedModelBuilder, main_op
from tailrace.library.saved_model.loader import SavedModelLoader, get_train_op
from tailrace.library.saved_model.signatures import (
    build_tensor_info,
    classification_signature_def,
    get_tensor_from_tensor_info,
    is_valid_signature,
    predict_signature_def,
    regression_signature_def,
)
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope
from tailrace.registry import OPS


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_scope_names():
    assert strip_name_scope("a/b/c", "a/b") == "c"
    assert strip_name_scope("^a/b", "a/") == "^b"
    assert strip_name_scope("loc:@a/b", "a") == "loc:@b"
    assert strip_name_scope("ab/c", "a") == "ab/c"
    assert prepend_name_scope("^b", "a") == "^a/b"
    assert prepend_name_scope("loc:@b", "a/") == "loc:@a/b"
    assert prepend_name_scope("b", None) == "b"


def test_unknown_operation_type():
    definition = protos.GraphDef()
    definition.node.add(name="x", op="NoSuchOperation")
    with pytest.raises(UnsupportedOpError, match=r"NoSuchOperation.*node 'x'"):
        tf.import_graph_def(definition)


def test_default_attributes_of_a_newer_producer(graph):
    """Attributes this version does not know are dropped where they have the producer's default."""
    tf.constant(1.0, name="c")
    definition = graph.as_graph_def()
    definition.node[0].attr["from_the_future"].i = 3
    with pytest.raises(ValueError, match="from_the_future"):
        tf.import_graph_def(definition)
    producer = protos.OpList(op=[op_def_proto(OPS["Const"])])
    producer.op[0].attr.add(name="from_the_future", type="int").default_value.i = 3
    (c,) = tf.import_graph_def(definition, producer_op_list=producer, return_elements=["c"])
    assert c.type == "Const"


def test_op_def():
    proto = op_def_proto(OPS["MatMul"])
    assert [arg.name for arg in proto.input_arg] == ["a", "b"]
    assert [arg.type_attr for arg in proto.output_arg] == ["T"]
    attrs = {attr.name: attr for attr in proto.attr}
    assert attrs["transpose_a"].default_value.b is False
    assert not attrs["T"].HasField("default_value")
    assert len(attrs["T"].allowed_values.list.type) > 3


def test_strip_default_attrs(graph):
    tf.matmul([[1.0]], [[2.0]], transpose_b=True, name="m")
    definition = graph.as_graph_def()
    strip_default_attrs(definition)
    (node,) = [node for node in definition.node if node.name == "m"]
    assert sorted(node.attr) == ["T", "transpose_b"]


def test_scope_copied_with_its_variables(graph):
    with tf.variable_scope("from"):
        v = tf.get_variable("v", initializer=2.0)
        tf.multiply(v, 3.0, name="product")
    copied = copy_scoped_meta_graph("from", "to")
    assert list(copied) == ["v:0"]
    assert copied["v:0"].name == "to/v:0"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run("to/product:0") == 6
    with pytest.raises(ValueError, match="different"):
        copy_scoped_meta_graph("to", "to")


def test_inputs_from_outside_a_scope():
    x = tf.constant(1.0, name="x")
    with tf.name_scope("part"):
        tf.add(x, 2.0, name="sum")
    meta, _ = export_scoped_meta_graph(export_scope="part")
    with tf.Graph().as_default(), pytest.raises(ValueError, match="unbound inputs"):
        tf.train.import_meta_graph(meta)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(meta, input_map={"$unbound_inputs_x": tf.constant(5.0)})
        assert session.run("sum:0") == 7


def test_other_savers_are_left_out():
    tf.get_variable("v", initializer=1.0)
    tf.train.Saver(name="first")
    saver = tf.train.Saver(name="second")
    meta = saver.export_meta_graph(clear_extraneous_savers=True)
    scopes = {node.name.split("/")[0] for node in meta.graph_def.node}
    assert scopes == {"v", "second"}


def test_collection_that_cannot_be_written(caplog):
    tf.add_to_collection("odd", object())
    tf.add_to_collection("fine", 1.5)
    meta = tf.train.export_meta_graph()
    assert list(meta.collection_def) == ["fine"]
    assert "odd" in caplog.text


def test_where_nodes_were_made(tmp_path):
    tf.constant(1.0, name="c")
    tf.train.export_meta_graph(str(tmp_path / "g.meta"), save_debug_info=True)
    info = protos.GraphDebugInfo.FromString((tmp_path / "g.debug").read_bytes())
    assert list(info.files) == [__file__]
    (place,) = info.traces["c@"].file_line_cols
    assert (place.func, place.code) == ("test_where_nodes_were_made", 'tf.constant(1.0, name="c")')


def test_files_that_are_no_meta_graphs(tmp_path):
    with pytest.raises(OSError, match="does not exist"):
        read_meta_graph_file(tmp_path / "none.meta")
    (tmp_path / "bad.meta").write_bytes(b"\xff\xff\xff")
    with pytest.raises(OSError, match="Cannot parse"):
        read_meta_graph_file(tmp_path / "bad.meta")


def test_graph_util():
    x = tf.constant([1, 2], name="x")
    tf.identity(x, name="y")
    definition = tf.get_default_graph().as_graph_def()
    with pytest.raises(AssertionError, match="nope is not in graph"):
        tf.graph_util.extract_sub_graph(definition, ["nope"])
    with pytest.raises(TypeError, match="must be a list"):
        tf.graph_util.extract_sub_graph(definition, "y")
    with pytest.raises(TypeError, match="GraphDef"):
        tf.graph_util.extract_sub_graph(x, ["y"])
    assert tf.graph_util.must_run_on_cpu(x.op)
    assert not tf.graph_util.must_run_on_cpu(tf.constant(1.5).op)
    variable = tf.Variable(1.0)
    assert tf.graph_util.must_run_on_cpu(variable.op, pin_variables_on_cpu=True)
    shape = tf.graph_util.tensor_shape_from_node_def_name(tf.get_default_graph(), "y")
    assert shape.as_list() == [2]


# -- SavedModel ------------------------------------------------------------------------------------


def _builder(folder):
    x = tf.placeholder(tf.float32, [None], name="x")
    v = tf.get_variable("v", initializer=2.0)
    y = tf.multiply(x, v, name="y")
    return SavedModelBuilder(folder), predict_signature_def({"x": x}, {"y": y})


def test_saved_model_with_assets_and_init_op(tmp_path):
    (tmp_path / "words.txt").write_text("some words")
    builder, signature = _builder(tmp_path / "model")
    asset = tf.constant(str(tmp_path / "words.txt"), name="asset")
    content = tf.get_variable("content", initializer="", collections=["local_variables"])
    load_words = content.assign(tf.read_file(asset)).op
    with tf.Session() as session:
        session.run(main_op())
        builder.add_meta_graph_and_variables(
            session,
            ["serve", "cpu"],
            {"predict": signature},
            assets_collection=[asset],
            main_op=load_words,
        )
        builder.add_meta_graph(["train"])
    builder.save(as_text=True)
    (tmp_path / "words.txt").unlink()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        meta = tf.saved_model.loader.load(session, ["cpu", "serve"], tmp_path / "model")
        assert session.run("content:0") == b"some words"
        outputs = meta.signature_def["predict"].outputs
        y = get_tensor_from_tensor_info(outputs["y"], graph)
        assert session.run(y, {"x:0": [1.0, 2.0]}).tolist() == [2, 4]
        assert get_train_op(meta) is None
    loader = SavedModelLoader(tmp_path / "model")
    assert len(loader.saved_model.meta_graphs) == 2
    with pytest.raises(RuntimeError, match="serve"):
        loader.get_meta_graph_def_from_tags(["serve"])


def test_builder_refuses(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AssertionError, match="isn't empty"):
        SavedModelBuilder(tmp_path)
    builder, signature = _builder(tmp_path / "model")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(AssertionError, match="has not been saved"):
            builder.add_meta_graph(["x"])
        with pytest.raises(KeyError, match="reserved"):
            builder.add_meta_graph_and_variables(session, [], {"__saved_model_init_op": signature})
        with pytest.raises(TypeError, match="main_op"):
            builder.add_meta_graph_and_variables(session, [], main_op=tf.constant(1.0))
        with pytest.raises(TypeError, match="Asset"):
            builder.add_meta_graph_and_variables(session, [], assets_collection=["name"])  # type: ignore[list-item]
        incomplete = protos.SignatureDef()
        incomplete.inputs["x"].dtype = 1
        with pytest.raises(AssertionError, match="encoding"):
            builder.add_meta_graph_and_variables(session, [], {"s": incomplete})


def test_signatures():
    examples = tf.placeholder(tf.string, [None])
    scores = tf.placeholder(tf.float32, [None, 3])
    classes = tf.placeholder(tf.string, [None, 3])
    assert is_valid_signature(regression_signature_def(examples, scores))
    assert is_valid_signature(classification_signature_def(examples, classes, scores))
    assert is_valid_signature(classification_signature_def(examples, None, scores))
    assert not is_valid_signature(None)
    assert not is_valid_signature(protos.SignatureDef(method_name="other"))
    wrong = regression_signature_def(examples, scores)
    wrong.inputs["inputs"].dtype = 1
    assert not is_valid_signature(wrong)
    with pytest.raises(ValueError, match="string Tensor"):
        regression_signature_def(scores, scores)
    with pytest.raises(ValueError, match="both"):
        classification_signature_def(examples, None, None)
    with pytest.raises(ValueError, match="empty"):
        predict_signature_def({}, {"y": scores})


def test_sparse_tensor_info(graph):
    sparse = tf.SparseTensor([[0, 1]], [2.5], [2, 2])
    info = build_tensor_info(sparse)
    found = get_tensor_from_tensor_info(info, graph)
    assert found.values is sparse.values
    assert found.indices is sparse.indices
