"""A program that uses TensorFlow's tools; run with a folder, it prints what they say.

`tf115_tools.txt` in tests/data is what it prints under TensorFlow 1.15.5.
"""

import contextlib
import importlib
import io
import sys

tf = importlib.import_module("tensorflow")
freeze_graph = importlib.import_module("tensorflow.python.tools.freeze_graph")
saved_model_cli = importlib.import_module("tensorflow.python.tools.saved_model_cli")
saved_model_utils = importlib.import_module("tensorflow.python.tools.saved_model_utils")
inspect_checkpoint = importlib.import_module("tensorflow.python.tools.inspect_checkpoint")
print_tensors = inspect_checkpoint.print_tensors_in_checkpoint_file

tf.logging.set_verbosity(tf.logging.ERROR)
folder = sys.argv[1]


def save():
    """A checkpoint, GraphDefs and a SavedModel of a small graph."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w")
    b = tf.Variable([0.5, 0.5], name="b")
    y = tf.add(tf.matmul(x, w), b, name="y")
    tf.Variable(3, name="unused")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        tf.train.write_graph(sess.graph_def, folder, "graph.pbtxt")
        tf.train.write_graph(sess.graph_def, folder, "graph.pb", as_text=False)
        tf.saved_model.simple_save(sess, folder + "/saved", {"x": x}, {"y": y, "again": y})
        return tf.train.Saver().save(sess, folder + "/model")


def freeze(**changes):
    """Freezes the graph and prints the nodes, and what the frozen graph computes."""
    tf.reset_default_graph()
    settings = {
        "input_graph": folder + "/graph.pbtxt",
        "input_saver": "",
        "input_binary": False,
        "input_checkpoint": checkpoint,
        "output_node_names": "y",
        "restore_op_name": "save/restore_all",
        "filename_tensor_name": "save/Const:0",
        "output_graph": folder + "/out.pb",
        "clear_devices": True,
        "initializer_nodes": "",
    }
    settings.update(changes)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            frozen = freeze_graph.freeze_graph(**settings)
    except Exception as error:
        print(type(error).__name__, str(error).replace(folder, "FOLDER")[:60])
        return
    print([(node.name, node.op) for node in frozen.node])
    with open(folder + "/out.pb", "rb") as file:
        definition = tf.GraphDef.FromString(file.read())
    with tf.Graph().as_default(), tf.Session() as sess:
        (y,) = tf.import_graph_def(definition, return_elements=["y:0"])
        print(sess.run(y, {"import/x:0": [[1.0, 1.0]]}))


checkpoint = save()
print_tensors(checkpoint, tensor_name="", all_tensors=False)
print_tensors(checkpoint, tensor_name="w", all_tensors=False)
print_tensors(checkpoint, tensor_name=None, all_tensors=True)
print_tensors(checkpoint, "", False, True, count_exclude_pattern="b")
print_tensors(checkpoint, tensor_name="absent", all_tensors=False)
for wanted in (
    "--all",
    "",
    "--tag_set serve",
    "--tag_set serve --signature_def serving_default",
):
    arguments = ["show", "--dir", folder + "/saved", *wanted.split()]
    parsed = saved_model_cli.create_parser().parse_args(arguments)
    parsed.func(parsed)
print(saved_model_utils.get_saved_model_tag_sets(folder + "/saved"))
freeze()
freeze(input_graph=folder + "/graph.pb", input_binary=True)
freeze(input_graph="", input_meta_graph=checkpoint + ".meta", input_binary=True)
freeze(input_graph="", input_saved_model_dir=folder + "/saved", input_checkpoint="")
freeze(input_checkpoint=folder + "/absent")
freeze(output_node_names="")
freeze(input_graph=folder + "/absent")
freeze(input_graph=folder + "/out.pb", input_binary=True)
