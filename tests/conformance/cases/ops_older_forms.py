"""Operations of old graphs that API functions no longer add, and those that only raw_ops adds."""

import zlib

import numpy as np

X = np.array([[3.0, -1.0, 2.0], [0.5, 4.0, 4.0]], np.float32)
IMAGE = np.random.RandomState(0).rand(1, 4, 4, 2).astype(np.float32)
VOLUME = np.random.RandomState(1).rand(1, 3, 4, 4, 2).astype(np.float32)


def _graded(tf, y, *xs):
    return {"y": y, "grads": tf.gradients(tf.square(y), list(xs))}


def concat_with_axis_first(tf):
    a, b = tf.constant(X), tf.placeholder(tf.float32, [2, None], name="b")
    y = tf.raw_ops.Concat(concat_dim=1, values=[a, b])
    return dict(_graded(tf, y, a, b), feed={b: [[7.0], [8.0]]})


def gather(tf):
    x = tf.constant(X)
    y = tf.raw_ops.Gather(params=x, indices=[[1, 0], [1, 1]])
    return _graded(tf, y, x)


def gather_outside_error(tf):
    return {
        "y": tf.raw_ops.Gather(params=tf.constant(X), indices=tf.placeholder_with_default(2, []))
    }


def reverse_by_mask(tf):
    x = tf.constant(X)
    return _graded(tf, tf.raw_ops.Reverse(tensor=x, dims=[False, True]), x)


def space_to_batch(tf):
    x = tf.constant(IMAGE)
    y = tf.raw_ops.SpaceToBatch(input=x, paddings=[[0, 0], [1, 1]], block_size=2)
    back = tf.raw_ops.BatchToSpace(input=y, crops=[[0, 0], [1, 1]], block_size=2)
    return dict(_graded(tf, y, x), back=back, more=tf.gradients(tf.square(back), x))


def space_to_batch_unknown(tf):
    x = tf.placeholder(tf.float32, [None, None, 4, 2])
    y = tf.raw_ops.SpaceToBatch(input=x, paddings=[[2, 0], [0, 0]], block_size=2)
    back = tf.raw_ops.BatchToSpace(input=y, crops=[[2, 0], [0, 0]], block_size=2)
    return {"y": y, "back": back, "feed": {x: IMAGE}}


def scatter_nd_add_of_values(tf):
    x, updates = tf.constant(X), tf.constant([10.0, 20.0, 30.0])
    y = tf.raw_ops.ScatterNdNonAliasingAdd(
        input=x, indices=[[0, 1], [1, 2], [0, 1]], updates=updates
    )
    return _graded(tf, y, x, updates)


def constants_and_copies(tf):
    x = tf.constant(X)
    return {
        "sure": tf.raw_ops.GuaranteeConst(input=x),
        "copy": tf.raw_ops.Snapshot(input=x),
        "ones": tf.raw_ops.OnesLike(x=x),
        "whole": tf.raw_ops.OnesLike(x=tf.constant([[1, 2]], tf.int64)),
    }


def guarantee_const_gradient_error(tf):
    x = tf.constant(X)
    return {"d": tf.gradients(tf.raw_ops.GuaranteeConst(input=x), x)}


def in_top_k_by_attribute(tf):
    hits = [tf.raw_ops.InTopK(predictions=X, targets=[2, 0], k=k) for k in (1, 2, 3)]
    return {"hits": hits}


def nth_element(tf):
    x = tf.constant(X)
    orders = [(n, reverse) for n in (0, 1, 2) for reverse in (False, True)]
    found = [tf.raw_ops.NthElement(input=x, n=n, reverse=reverse) for n, reverse in orders]
    return {"found": found, "grads": [tf.gradients(tf.square(y), x) for y in found]}


def nth_element_outside_error(tf):
    return {"y": tf.raw_ops.NthElement(input=X, n=tf.placeholder_with_default(3, []))}


def bias_add_v1(tf):
    x, bias = tf.constant(IMAGE), tf.constant([1.0, -1.0])
    return _graded(tf, tf.raw_ops.BiasAddV1(value=x, bias=bias), x, bias)


def softplus_grad(tf):
    x, dy = tf.constant(X), tf.constant([[1.0, 2.0, 3.0]] * 2)
    return _graded(tf, tf.raw_ops.SoftplusGrad(gradients=dy, features=x), x, dy)


def max_pool_sizes_as_inputs(tf):
    x = tf.constant(IMAGE)
    size = tf.placeholder_with_default([1, 2, 2, 1], [4])
    y = tf.raw_ops.MaxPoolV2(input=x, ksize=size, strides=[1, 2, 2, 1], padding="SAME")
    first = tf.gradients(tf.square(y), x)
    return {"y": y, "first": first, "second": tf.gradients(first[0], x)}


def max_pool_grad_grad_sizes_as_inputs(tf):
    x, dx = tf.constant(IMAGE), tf.constant(2.0 * IMAGE)
    sizes = {"ksize": [1, 3, 3, 1], "strides": [1, 1, 1, 1], "padding": "VALID"}
    y = tf.raw_ops.MaxPoolV2(input=x, **sizes)
    again = tf.raw_ops.MaxPoolGradGradV2(orig_input=x, orig_output=y, grad=dx, **sizes)
    return {"y": y, "again": again}


def _batch_norm(tf, name, training):
    x = tf.placeholder(tf.float32, IMAGE.shape)
    scale, offset = tf.constant([1.5, 0.5]), tf.constant([0.1, -0.1])
    seen = ([], []) if training else ([0.3, 0.6], [0.5, 2.0])
    mean, variance = (tf.constant(v, tf.float32, [len(v)]) for v in seen)
    result = getattr(tf.raw_ops, name)(
        x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=training
    )
    grads = tf.gradients(result.y * tf.constant(VOLUME[:, 0]), [x, scale, offset])
    # TF: fetching moments it does not compute fails once its optimizer rewrote the operation
    moments = [result.batch_mean, result.batch_variance] if training else []
    return {"y": result.y, "moments": moments, "grads": grads, "feed": {x: IMAGE}}


def fused_batch_norm_training(tf):
    return _batch_norm(tf, "FusedBatchNorm", True)


def fused_batch_norm_inference(tf):
    return _batch_norm(tf, "FusedBatchNorm", False)


def fused_batch_norm_v2_training(tf):
    return _batch_norm(tf, "FusedBatchNormV2", True)


def fused_batch_norm_v2_inference(tf):
    return _batch_norm(tf, "FusedBatchNormV2", False)


def non_max_suppression_old_forms(tf):
    boxes = tf.constant([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11.0]])
    scores = tf.constant([0.9, 0.75, 0.6, 0.95])
    first = tf.raw_ops.NonMaxSuppression(boxes=boxes, scores=scores, max_output_size=3)
    second = tf.raw_ops.NonMaxSuppressionV2(
        boxes=boxes, scores=scores, max_output_size=3, iou_threshold=0.95
    )
    return {"first": first, "second": second}


def jpeg_of_variable_quality(tf):
    image = tf.cast(tf.reshape(tf.range(8 * 8 * 3), [8, 8, 3]), tf.uint8)
    sizes = []
    for quality in (20, 95):
        text = tf.raw_ops.EncodeJpegVariableQuality(images=image, quality=quality)
        sizes.append(tf.shape(tf.image.decode_jpeg(text)))
    return {"sizes": sizes}


def distorted_box_with_attributes(tf):
    boxes = tf.constant([[[0.1, 0.2, 0.8, 0.9]]])
    begin, size, box = tf.raw_ops.SampleDistortedBoundingBox(
        image_size=[40, 60, 3], bounding_boxes=boxes, seed=3, seed2=5, min_object_covered=0.3
    )
    return {"begin": begin, "size": size, "box": box, "runs": 3}


def parameterized_truncated_normal(tf):
    draw = tf.raw_ops.ParameterizedTruncatedNormal(
        shape=[3, 4],
        means=[0.0, 5.0, 1.0],
        stdevs=[1.0, 2.0, 0.5],
        minvals=[-1.0, 4.0, 2.0],
        maxvals=[1.0, 9.0, 2.5],
        seed=7,
        seed2=11,
    )
    return {"draw": draw, "runs": 2}


def sampler_of_unigrams(tf):
    sampled = tf.raw_ops.ThreadUnsafeUnigramCandidateSampler(
        true_classes=[[1, 2], [0, 3]],
        num_true=2,
        num_sampled=3,
        unique=True,
        range_max=20,
        seed=1,
        seed2=2,
    )
    return {"chosen": tf.shape(sampled.sampled_candidates), "wanted": tf.shape(sampled[1])}


def decode_compressed(tf):
    plain = b"the same words, the same words"
    zipped = tf.constant([zlib.compress(plain), zlib.compress(b"")])
    packer = zlib.compressobj(wbits=31)
    return {
        "plain": tf.io.decode_compressed([plain]),
        "zlib": tf.io.decode_compressed(zipped, "ZLIB"),
        "gzip": tf.io.decode_compressed(
            [packer.compress(plain) + packer.flush()], compression_type="GZIP"
        ),
    }


def decode_compressed_error(tf):
    return {"y": tf.io.decode_compressed(["not compressed"], "ZLIB")}


def timestamp(tf):
    now = tf.timestamp()
    return {"sane": tf.logical_and(now > 1.5e9, now < 1e10)}


def abort_is_built(tf):
    stop = tf.raw_ops.Abort(error_msg="no further", name="stop")
    return {"type": stop.type, "text": stop.get_attr("error_msg")}


def _imported(tf, producer, nodes):
    """The nodes of an old graph, imported: `nodes` are rows of name, type, inputs, attributes."""
    graph_def = tf.GraphDef()
    graph_def.versions.producer = producer
    for name, kind, inputs, attrs in nodes:
        node = graph_def.node.add(name=name, op=kind, input=inputs)
        for key, value in attrs.items():
            node.attr[key].CopyFrom(value)
    tf.import_graph_def(graph_def, name="")
    return tf.get_default_graph()


def _type(tf, dtype):
    return tf.AttrValue(type=dtype.as_datatype_enum)


def _constant(tf, name, value, dtype):
    tensor = tf.make_tensor_proto(value, dtype)
    return name, "Const", [], {"dtype": _type(tf, dtype), "value": tf.AttrValue(tensor=tensor)}


def old_graph_with_placeholder(tf):
    shape = tf.AttrValue(shape=tf.TensorShape([1, 3]).as_proto())
    attrs = {"dtype": _type(tf, tf.float32), "shape": shape}
    graph = _imported(tf, 22, [("x", "PlaceholderV2", [], attrs)])
    x = graph.get_tensor_by_name("x:0")
    return {"y": x * 2.0, "feed": {x: [[1, 2, 3]]}}


def old_graph_with_top_k(tf):
    attrs = {"T": _type(tf, tf.float32), "k": tf.AttrValue(i=2)}
    nodes = [_constant(tf, "x", X, tf.float32), ("top", "TopK", ["x"], attrs)]
    graph = _imported(tf, 6, nodes)
    values, indices = (graph.get_tensor_by_name("top:%d" % i) for i in range(2))
    return {"values": values, "indices": indices}


def old_graph_with_conv3d(tf):
    kernel = np.stack([VOLUME[0, :2, :2, :2], -VOLUME[0, 1:3, 1:3, 1:3]], -1)
    strides = tf.AttrValue(list=tf.AttrValue.ListValue(i=[1] * 5))
    attrs = {"T": _type(tf, tf.float32), "strides": strides, "padding": tf.AttrValue(s=b"VALID")}
    nodes = [
        _constant(tf, "x", VOLUME, tf.float32),
        _constant(tf, "kernel", kernel, tf.float32),
        ("y", "Conv3D", ["x", "kernel"], attrs),
        ("dx", "Conv3DBackpropInput", ["x", "kernel", "y"], attrs),
        ("dk", "Conv3DBackpropFilter", ["x", "kernel", "y"], attrs),
    ]
    graph = _imported(tf, 9, nodes)
    return {name: graph.get_tensor_by_name(name + ":0") for name in ("y", "dx", "dk")}


def old_graph_with_poisson(tf):
    attrs = {"S": _type(tf, tf.int32), "dtype": _type(tf, tf.float32)}
    attrs.update(seed=tf.AttrValue(i=7), seed2=tf.AttrValue(i=11))
    nodes = [
        _constant(tf, "shape", [4], tf.int32),
        _constant(tf, "rate", [0.5, 20.0], tf.float32),
        ("draw", "RandomPoisson", ["shape", "rate"], attrs),
    ]
    draw = _imported(tf, 24, nodes).get_tensor_by_name("draw:0")
    return {"draw": draw, "runs": 2}
