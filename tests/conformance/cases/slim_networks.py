"""tf.contrib.slim.nets: the networks' graphs, on pictures as small as they take."""

import importlib


def _slim(tf):
    """TensorFlow has the networks once somebody imports them."""
    if tf.__name__ == "tensorflow":
        importlib.import_module("tensorflow.contrib.slim.nets")
    return tf.contrib.slim


def _images(tf, size, batch=1):
    return tf.placeholder(tf.float32, [batch, size, size, 3], name="images")


def _facts(net, end_points):
    """What a network is, beside its graph: its outputs by name, and their shapes."""
    return {
        "net": net.name,
        "end_points": " ".join(sorted(end_points)),
        "names": " ".join(end_points[key].name for key in sorted(end_points)),
        "shape": net.shape,
    }


def alexnet(tf):
    slim = _slim(tf)
    with slim.arg_scope(slim.nets.alexnet.alexnet_v2_arg_scope()):
        return _facts(*slim.nets.alexnet.alexnet_v2(_images(tf, 224), 7))


def overfeat(tf):
    slim = _slim(tf)
    with slim.arg_scope(slim.nets.overfeat.overfeat_arg_scope()):
        return _facts(*slim.nets.overfeat.overfeat(_images(tf, 231), 7, is_training=False))


def vgg(tf):
    slim, nets = _slim(tf), _slim(tf).nets.vgg
    images = _images(tf, 224)
    with slim.arg_scope(nets.vgg_arg_scope()):
        a = _facts(*nets.vgg_a(images, 7))
        b = _facts(*nets.vgg_16(images, 7, spatial_squeeze=False))
        c = _facts(*nets.vgg_19(images, 7, is_training=False))
    return {"a": a, "b": b, "c": c, "size": nets.vgg_16.default_image_size}


def residual(tf):
    slim, nets = _slim(tf), _slim(tf).nets.resnet_v1
    with slim.arg_scope(nets.resnet_arg_scope()):
        return _facts(*nets.resnet_v1_50(_images(tf, 64), 7))


def residual_dense(tf):
    slim, nets = _slim(tf), _slim(tf).nets.resnet_v2
    with slim.arg_scope(nets.resnet_arg_scope()):
        made = nets.resnet_v2_50(
            _images(tf, 65), is_training=False, global_pool=False, output_stride=8
        )
        return _facts(*made)


def residual_small(tf):
    """A network of two blocks, with its gradients, in numbers."""
    tf.set_random_seed(3)
    slim = _slim(tf)
    images = tf.constant([[[[0.1 * i, 0.2 * j, 0.3] for i in range(9)] for j in range(8)]])
    made = {}
    for name in ("resnet_v1", "resnet_v2"):
        nets = getattr(slim.nets, name)
        block = getattr(nets, name + "_block")
        blocks = [block("one", 1, 2, 2), block("two", 2, 1, 1)]
        with slim.arg_scope(nets.resnet_arg_scope(batch_norm_decay=0.9)):
            net, points = getattr(nets, name)(
                images, blocks, 3, is_training=False, include_root_block=False
            )
        made[name] = {"net": net, "predictions": points["predictions"]}
        made[name]["grads"] = tf.gradients(net[..., 0], tf.trainable_variables(name)[:3])
    return made


def residual_of_another_stride_error(tf):
    nets = _slim(tf).nets.resnet_v1
    return nets.resnet_v1_50(_images(tf, 64), output_stride=6)


def inception_first(tf):
    slim, nets = _slim(tf), _slim(tf).nets.inception
    with slim.arg_scope(nets.inception_v1_arg_scope()):
        return _facts(*nets.inception_v1(_images(tf, 224), 7))


def inception_second(tf):
    slim, nets = _slim(tf), _slim(tf).nets.inception
    with slim.arg_scope(nets.inception_v2_arg_scope()):
        return _facts(*nets.inception_v2(_images(tf, 128), 7, depth_multiplier=0.5))


def inception_third(tf):
    slim, nets = _slim(tf), _slim(tf).nets.inception
    with slim.arg_scope(nets.inception_v3_arg_scope()):
        return _facts(*nets.inception_v3(_images(tf, 299), 7, is_training=False))


def inception_features(tf):
    slim, nets = _slim(tf), _slim(tf).nets.inception
    with slim.arg_scope(nets.inception_v1_arg_scope(use_batch_norm=False)):
        a = _facts(*nets.inception_v1_base(_images(tf, 64), "Mixed_3c"))
    b = _facts(*nets.inception_v3_base(_images(tf, 64), "Conv2d_2b_3x3", depth_multiplier=0.1))
    return {"a": a, "b": b}


def inception_without_depth_error(tf):
    return _slim(tf).nets.inception.inception_v3_base(_images(tf, 64), depth_multiplier=0.0)


def inception_without_such_a_stage_error(tf):
    return _slim(tf).nets.inception.inception_v2_base(_images(tf, 64), "Mixed_9z")
