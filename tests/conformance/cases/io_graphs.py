"""Graphs taken in from GraphDefs, MetaGraphs and SavedModels."""

import shutil
import tempfile

import numpy as np


def _small(tf):
    """A GraphDef of a matrix product with a control edge."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.constant([[1.0], [2.0]], name="w")
        y = tf.matmul(x, w, name="y")
        with tf.control_dependencies([tf.no_op(name="before")]):
            tf.add(y, 1.0, name="z")
    return graph.as_graph_def()


def import_default_name(tf):
    z, y = tf.import_graph_def(_small(tf), return_elements=["z:0", "y"])
    return {"z": z, "kind": y.type, "feed": {"import/x:0": [[1.0, 2.0]]}}


def import_named_twice(tf):
    definition = _small(tf)
    first = tf.import_graph_def(definition, name="net", return_elements=["z:0"])
    second = tf.import_graph_def(definition, name="net", return_elements=["z:0"])
    feed = {"net/x:0": [[1.0, 2.0]], "net_1/x:0": [[3.0, 4.0]]}
    return {"first": first, "second": second, "feed": feed}


def import_without_name(tf):
    definition = _small(tf)
    nothing = tf.import_graph_def(definition, name="")
    tf.import_graph_def(definition, name="")
    after = tf.constant(1.0, name="w")
    return {"nothing": nothing is None, "after": after}


def import_with_inputs(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]], name="mine")
    z, mapped = tf.import_graph_def(
        _small(tf), input_map={"x:0": x}, return_elements=["z:0", "x:0"], name="a"
    )
    (other,) = tf.import_graph_def(
        _small(tf),
        input_map={"x": np.array([[5.0, 6.0]], np.float32)},
        return_elements=["z:0"],
        name="b",
    )
    return {"z": z, "mapped": mapped, "other": other}


def import_control_input(tf):
    before = tf.constant(1.0, name="mine")
    (z,) = tf.import_graph_def(
        _small(tf), input_map={"^before": before}, return_elements=["z:0"], name="a"
    )
    return {"z": z, "feed": {"a/x:0": [[1.0, 2.0]]}}


def import_in_scopes(tf):
    with tf.device("/cpu:0"), tf.name_scope("outer"):
        with tf.control_dependencies([tf.no_op(name="gate")]):
            (z,) = tf.import_graph_def(_small(tf), return_elements=["z:0"], name="net")
        after = tf.no_op(name="net")
    return {"z": z, "after": after.name, "feed": {"outer/net/x:0": [[1.0, 2.0]]}}


def import_loop(tf):
    with tf.Graph().as_default() as graph:
        n = tf.placeholder(tf.int32, [], name="n")
        counted = tf.while_loop(
            lambda i, s: tf.less(i, n), lambda i, s: (i + 1, s + i), [0, 0], name="loop"
        )
        tf.add(counted[0], counted[1], name="sum")
    (total,) = tf.import_graph_def(graph.as_graph_def(), return_elements=["sum:0"], name="g")
    return {"total": total, "feed": [{"g/n:0": 0}, {"g/n:0": 5}]}


def import_cond(tf):
    with tf.Graph().as_default() as graph:
        p = tf.placeholder(tf.bool, [], name="p")
        tf.identity(tf.cond(p, lambda: tf.constant(1.5), lambda: tf.constant(2.5)), name="out")
    (out,) = tf.import_graph_def(graph.as_graph_def(), return_elements=["out:0"], name="g")
    return {"out": out, "feed": [{"g/p:0": True}, {"g/p:0": False}]}


def import_variables(tf):
    with tf.Graph().as_default() as graph:
        w = tf.Variable([1.0, 2.0], name="w")
        r = tf.get_variable("r", initializer=[3.0, 4.0], use_resource=True)
        tf.add(w, r, name="sum")
        tf.global_variables_initializer()
    total, init = tf.import_graph_def(
        graph.as_graph_def(add_shapes=True), return_elements=["sum:0", "init"], name="g"
    )
    with tf.Session() as session:
        session.run(init)
        value = session.run(total)
    return {"value": value, "shape": total.get_shape().as_list()}


def _changed(tf, change):
    definition = _small(tf)
    change({node.name: node for node in definition.node})
    tf.import_graph_def(definition)


def unknown_input_error(tf):
    def change(nodes):
        nodes["y"].input[0] = "nowhere"

    _changed(tf, change)


def invalid_output_error(tf):
    def change(nodes):
        nodes["y"].input[0] = "x:3"

    _changed(tf, change)


def missing_input_error(tf):
    def change(nodes):
        del nodes["y"].input[:]

    _changed(tf, change)


def unknown_attr_error(tf):
    def change(nodes):
        nodes["y"].attr["nope"].i = 3

    _changed(tf, change)


def attr_of_other_kind_error(tf):
    def change(nodes):
        nodes["y"].attr["transpose_a"].i = 3

    _changed(tf, change)


def same_node_twice_error(tf):
    def change(nodes):
        nodes["w"].name = "x"

    _changed(tf, change)


def cycle_error(tf):
    def change(nodes):
        nodes["x"].input.append("^z")

    _changed(tf, change)


def bad_name_error(tf):
    def change(nodes):
        nodes["z"].name = "a b"

    _changed(tf, change)


def other_type_error(tf):
    tf.import_graph_def(_small(tf), input_map={"x:0": tf.constant([[1, 2]])})


def other_shape_error(tf):
    tf.import_graph_def(_small(tf), input_map={"x:0": tf.constant(1.0)})


def mapped_nothing_error(tf):
    tf.import_graph_def(_small(tf), input_map={"nope:0": tf.constant(1.0)})


def return_nothing_error(tf):
    tf.import_graph_def(_small(tf), return_elements=["nope:0"])


def no_graph_def_error(tf):
    tf.import_graph_def("graph.pb")


def _model(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", initializer=np.array([[1, 2, 3], [4, 5, 6]], np.float32))
        b = tf.get_variable(
            "b", initializer=np.array([0.5, 0.25, 0.125], np.float32), use_resource=True
        )
    y = tf.identity(tf.nn.relu(tf.matmul(x, w) + b), name="y")
    tf.add_to_collection("outputs", y)
    tf.add_to_collection("numbers", 3)
    tf.add_to_collection("texts", "abc")
    return x, w, b, y


def meta_graph(tf):
    with tf.Graph().as_default():
        _model(tf)
        tf.train.Saver(name="saver")
        definition = tf.train.export_meta_graph(
            saver_def=tf.train.Saver(name="exported").as_saver_def()
        )
    saver = tf.train.import_meta_graph(definition)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        value = session.run("y:0", {"x:0": [[1.0, -2.0]]})
    return {
        "value": value,
        "names": [v.name for v in tf.global_variables()],
        "trainable": [v.name for v in tf.trainable_variables()],
        "collections": [
            [t.name for t in tf.get_collection("outputs")],
            tf.get_collection("numbers"),
            tf.get_collection("texts"),
        ],
        "saver": saver.as_saver_def().save_tensor_name,
    }


def meta_graph_with_loops(tf):
    """Gradients flow through loops and conditionals that were taken in."""
    with tf.Graph().as_default():
        x = tf.placeholder_with_default(2.0, [], name="x")
        n = tf.placeholder_with_default(3, [], name="n")
        power = tf.while_loop(
            lambda i, p: i < n, lambda i, p: (i + 1, p * x), [0, 1.0], name="loop"
        )[1]
        chosen = tf.cond(
            x > 0.0,
            lambda: tf.while_loop(lambda v: v < 9.0, lambda v: v * x, [power], name="inner"),
            lambda: power,
        )
        tf.identity(chosen, name="out")
        definition = tf.train.export_meta_graph()
    found = {}
    for scope in (None, "in/side"):
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.train.import_meta_graph(definition, import_scope=scope)
            prefix = scope + "/" if scope else ""
            x = graph.get_tensor_by_name(prefix + "x:0")
            out = graph.get_tensor_by_name(prefix + "out:0")
            gradient = tf.gradients(out, x)[0]
            feeds = [{}, {x: 3.0}, {x: -1.5}]
            found[prefix] = [session.run([out, gradient], feed) for feed in feeds]
            found["frames " + prefix] = sorted(
                {op.get_attr("frame_name") for op in graph.get_operations() if op.type == "Enter"}
            )
    return found


def meta_graph_in_scope(tf):
    with tf.Graph().as_default():
        _model(tf)
        definition = tf.train.export_meta_graph()
    with tf.name_scope("taken"):
        tf.no_op()
    tf.train.import_meta_graph(definition, import_scope="taken")
    return {
        "names": [v.name for v in tf.global_variables()],
        "outputs": [t.name for t in tf.get_collection("outputs")],
        "texts": tf.get_collection("texts"),
    }


def meta_graph_stripped(tf):
    with tf.Graph().as_default():
        _model(tf)
        definition = tf.train.export_meta_graph(strip_default_attrs=True, clear_devices=True)
    kept = {node.name: sorted(node.attr) for node in definition.graph_def.node}
    saver = tf.train.import_meta_graph(definition)
    return {"kept": sorted(kept.items()), "saver": type(saver).__name__}


def scope_of_a_graph(tf):
    with tf.Graph().as_default() as graph:
        a = tf.constant(1.0, name="a")
        with tf.name_scope("part"):
            tf.add(a, 2.0, name="sum")
        definition = tf.train.export_meta_graph(graph=graph, export_scope="part")
    unbound = list(definition.collection_def["unbound_inputs"].bytes_list.value)
    names = [node.name for node in definition.graph_def.node]
    return {"names": names, "unbound": unbound}


def meta_graph_file(tf):
    folder = tempfile.mkdtemp()
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            _model(tf)
            session.run(tf.global_variables_initializer())
            path = tf.train.Saver().save(session, folder + "/m", global_step=3)
        with tf.Graph().as_default(), tf.Session() as session:
            saver = tf.train.import_meta_graph(path + ".meta")
            saver.restore(session, path)
            value = session.run(tf.get_collection("outputs")[0], {"x:0": [[1.0, 2.0]]})
            again = saver.save(session, folder + "/again")
        return {"value": value, "again": again[len(folder) :]}
    finally:
        shutil.rmtree(folder)


def frozen(tf):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        _model(tf)
        session.run(tf.global_variables_initializer())
        definition = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["y"]
        )
    (y,) = tf.import_graph_def(definition, return_elements=["y:0"], name="")
    return {"y": y, "feed": {"x:0": [[1.0, 2.0]]}}


def frozen_gather(tf):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        table = tf.get_variable(
            "table", initializer=np.array([[1, 2], [3, 4]], np.float32), use_resource=True
        )
        tf.identity(tf.nn.embedding_lookup(table, [1, 0, 1]), name="rows")
        session.run(tf.global_variables_initializer())
        definition = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["rows"], variable_names_blacklist=[]
        )
    (rows,) = tf.import_graph_def(definition, return_elements=["rows:0"], name="")
    return {"rows": rows}


def sub_graph(tf):
    definition = _small(tf)
    part = tf.graph_util.extract_sub_graph(definition, ["y"])
    with tf.Graph().as_default() as graph:
        x = tf.constant([1.0], name="x")
        with tf.control_dependencies([tf.check_numerics(x, "bad", name="checked")]):
            tf.add(x, 2.0, name="guarded")
        tf.identity(tf.identity(x, name="first"), name="second")
        tf.add(graph.get_tensor_by_name("second:0"), 1.0, name="out")
        spliced = tf.graph_util.remove_training_nodes(graph.as_graph_def(), ["second"])
    return {
        "part": [node.name for node in part.node],
        "spliced": [[node.name, list(node.input)] for node in spliced.node],
    }


def graph_files(tf):
    folder = tempfile.mkdtemp()
    try:
        definition = _small(tf)
        text = tf.train.write_graph(definition, folder + "/new", "g.pbtxt")
        binary = tf.train.write_graph(definition, folder, "g.pb", as_text=False)
        read = tf.GraphDef()
        with open(binary, "rb") as file:
            read.ParseFromString(file.read())
        with open(text) as file:
            content = file.read()
        return {
            "paths": [text[len(folder) :], binary[len(folder) :]],
            "same": read == definition,
            "names": [line for line in content.splitlines() if line.startswith("  name:")],
        }
    finally:
        shutil.rmtree(folder)


def saved_model(tf):
    folder = tempfile.mkdtemp()
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            x, _, _, y = _model(tf)
            session.run(tf.global_variables_initializer())
            tf.saved_model.simple_save(session, folder + "/model", {"x": x}, {"y": y})
        found = {}
        for scope in ("", "scope"):
            with tf.Graph().as_default(), tf.Session() as session:
                meta = tf.saved_model.loader.load(
                    session, ["serve"], folder + "/model", import_scope=scope or None
                )
                signature = meta.signature_def["serving_default"]
                prefix = scope + "/" if scope else ""
                found[scope or "root"] = session.run(
                    prefix + signature.outputs["y"].name,
                    {prefix + signature.inputs["x"].name: [[1.0, 2.0]]},
                )
                valid = tf.saved_model.signature_def_utils.is_valid_signature(signature)
        return {"values": found, "valid": valid, "method": signature.method_name}
    finally:
        shutil.rmtree(folder)


def saved_model_missing_error(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.saved_model.loader.load(session, ["serve"], "/nowhere")


def tensor_protos(tf):
    proto = tf.make_tensor_proto([[1.5, 2.0], [3.0, 4.0]])
    texts = tf.make_ndarray(tf.make_tensor_proto(["a", "bc"]))
    return {
        "numbers": tf.make_ndarray(proto),
        "texts": texts,
        "filled": tf.make_ndarray(tf.make_tensor_proto(7, shape=[2, 2], dtype=tf.int64)),
    }
