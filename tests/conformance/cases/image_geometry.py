"""tf.image: flips, crops, pads, resizing, boxes."""

import numpy as np

TOLERANCE = {"rtol": 1e-4, "atol": 2e-5, "reason": "weights are summed in another order"}


def _values(*shape):
    return np.random.RandomState(sum(shape)).rand(*shape).astype(np.float32)


def flips(tf):
    x = tf.constant(_values(3, 4, 2))
    batch = tf.placeholder(tf.float32, [None, 3, 4, 2])
    return {
        "left_right": tf.image.flip_left_right(x),
        "up_down": tf.image.flip_up_down(x),
        "batch": tf.image.flip_left_right(batch),
        "transposed": tf.image.transpose_image(x),
        "feed": {batch: _values(2, 3, 4, 2)},
    }


def random_flips(tf):
    tf.set_random_seed(5)
    x = tf.constant(_values(3, 4, 2))
    return {
        "one": tf.image.random_flip_left_right(x, seed=1),
        "other": tf.image.random_flip_up_down(x),
        "batch": tf.image.random_flip_left_right(tf.constant(_values(4, 2, 3, 1)), seed=2),
        "runs": 3,
    }


def flip_unknown_sizes(tf):
    x = tf.placeholder(tf.float32, [None, None, 3])
    return {"y": tf.image.flip_left_right(x), "feed": {x: _values(2, 3, 3)}}


def flip_rank_error(tf):
    return {"y": tf.image.flip_left_right(tf.ones([2, 3]))}


def rotations(tf):
    x = tf.constant(_values(3, 4, 2))
    k = tf.placeholder(tf.int32, [])
    return {"y": tf.image.rot90(x, k), "feed": [{k: 1}, {k: 2}, {k: 3}, {k: 4}]}


def crops_and_pads(tf):
    x = tf.constant(_values(5, 6, 2))
    batch = tf.constant(_values(2, 5, 6, 1))
    return {
        "crop": tf.image.crop_to_bounding_box(x, 1, 2, 3, 4),
        "pad": tf.image.pad_to_bounding_box(x, 1, 2, 7, 9),
        "batch": tf.image.crop_to_bounding_box(batch, 0, 0, 2, 2),
        "central": tf.image.central_crop(x, 0.5),
        "whole": tf.image.central_crop(x, 1.0),
        "smaller": tf.image.resize_image_with_crop_or_pad(x, 3, 4),
        "larger": tf.image.resize_image_with_crop_or_pad(x, 8, 7),
        "mixed": tf.image.resize_with_crop_or_pad(batch, 3, 9),
    }


def crops_of_unknown_sizes(tf):
    x = tf.placeholder(tf.float32, [None, None, 3])
    feed = {x: _values(6, 5, 3)}
    return {
        "resized": tf.image.resize_image_with_crop_or_pad(x, 4, 8),
        "central": tf.image.central_crop(x, 0.6),
        "feed": feed,
    }


def crop_outside_error(tf):
    return {"y": tf.image.crop_to_bounding_box(tf.ones([3, 3, 1]), 1, 1, 3, 2)}


def _resized(tf, method, **more):
    x = tf.placeholder(tf.float32, [2, 5, 4, 3])
    result = {"feed": {x: _values(2, 5, 4, 3)}, "tolerance": TOLERANCE}
    for name, size in (("larger", [8, 7]), ("smaller", [3, 2]), ("mixed", [9, 3])):
        y = tf.image.resize_images(x, size, method, **more)
        result[name] = y
        if method != tf.image.ResizeMethod.AREA:
            result[name + "_dx"] = tf.gradients(y * y, x)
    return result


def resize_bilinear(tf):
    return _resized(tf, tf.image.ResizeMethod.BILINEAR)


def resize_bilinear_corners(tf):
    return _resized(tf, tf.image.ResizeMethod.BILINEAR, align_corners=True)


def resize_bicubic(tf):
    return _resized(tf, tf.image.ResizeMethod.BICUBIC)


def resize_bicubic_corners(tf):
    return _resized(tf, tf.image.ResizeMethod.BICUBIC, align_corners=True)


def resize_nearest(tf):
    return _resized(tf, tf.image.ResizeMethod.NEAREST_NEIGHBOR)


def resize_nearest_corners(tf):
    return _resized(tf, tf.image.ResizeMethod.NEAREST_NEIGHBOR, align_corners=True)


def resize_area(tf):
    return _resized(tf, tf.image.ResizeMethod.AREA)


def resize_operations(tf):
    x = tf.placeholder(tf.uint8, [1, 4, 5, 2])
    feed = {x: (_values(1, 4, 5, 2) * 255).astype(np.uint8)}
    half = {"half_pixel_centers": True}
    return {
        "bilinear": tf.image.resize_bilinear(x, [6, 7], name="b"),
        "half": tf.image.resize_bilinear(x, [6, 3], **half),
        "bicubic": tf.image.resize_bicubic(x, [6, 7], **half),
        "nearest": tf.image.resize_nearest_neighbor(x, [3, 7], **half),
        "area": tf.image.resize_area(x, [2, 5]),
        "feed": feed,
        "tolerance": TOLERANCE,
    }


def resize_one_image(tf):
    x = tf.constant(_values(4, 6, 3))
    size = tf.placeholder(tf.int32, [2])
    return {
        "same": tf.image.resize_images(x, [4, 6]),
        "ratio": tf.image.resize_images(x, [8, 8], preserve_aspect_ratio=True),
        "dynamic": tf.image.resize_images(x, size),
        "named": tf.image.resize(x, (2, 3), name="small"),
        "padded": tf.image.resize_image_with_pad(x, 6, 6),
        "feed": {size: [5, 5]},
        "tolerance": TOLERANCE,
    }


def resize_method_error(tf):
    return {"y": tf.image.resize_images(tf.ones([2, 2, 1]), [3, 3], method=9)}


def crop_and_resize(tf):
    x = tf.placeholder(tf.float32, [2, 5, 6, 3])
    boxes = tf.placeholder(tf.float32, [3, 4])
    y = tf.image.crop_and_resize(x, boxes, [0, 1, 1], [3, 4], extrapolation_value=0.5)
    one = tf.image.crop_and_resize(x, boxes, [0, 1, 1], [1, 1], method="nearest")
    values = [[0.1, 0.2, 0.8, 0.9], [0.0, 0.0, 1.0, 1.0], [0.5, 0.3, 1.3, 0.1]]
    gradients = tf.gradients(y * y, [x, boxes])
    feed = {x: _values(2, 5, 6, 3), boxes: values}
    return {"y": y, "one": one, "gradients": gradients, "feed": feed, "tolerance": TOLERANCE}


def boxes(tf):
    corners = [
        [0.0, 0.0, 0.5, 0.5],
        [0.05, 0.0, 0.5, 0.55],
        [0.5, 0.5, 1.0, 1.0],
        [1.0, 1.0, 0.6, 0.6],
    ]
    scores = [0.8, 0.9, 0.3, 0.7]
    drawn = tf.image.draw_bounding_boxes(tf.zeros([1, 8, 9, 3]), [corners[:3]])
    return {
        "chosen": tf.image.non_max_suppression(corners, scores, 3),
        "strict": tf.image.non_max_suppression(corners, scores, 4, 0.1, score_threshold=0.5),
        "drawn": drawn,
    }


def distorted_boxes(tf):
    objects = [[[0.1, 0.2, 0.6, 0.7], [0.5, 0.5, 0.9, 1.0]]]
    draw = tf.image.sample_distorted_bounding_box
    first = draw([40, 60, 3], objects, seed=3, seed2=4)
    second = draw([37, 53, 3], objects, seed=5, min_object_covered=0.9, area_range=[0.3, 0.9])
    third = draw(
        [500, 375, 3],
        tf.zeros([1, 0, 4]),
        seed=1,
        aspect_ratio_range=[0.5, 2.0],
        max_attempts=20,
        use_image_if_no_bounding_boxes=True,
    )
    whole = draw([9, 9, 3], objects, seed=2, min_object_covered=1.0, area_range=[0.01, 0.1])
    return {"first": first, "second": second, "third": third, "whole": whole}


def distorted_boxes_without_objects_error(tf):
    return {"y": tf.image.sample_distorted_bounding_box([9, 9, 3], tf.zeros([1, 0, 4]), seed=1)}


def image_patches(tf):
    x = tf.reshape(tf.range(48.0), [1, 4, 4, 3])
    y = tf.image.extract_image_patches(x, [1, 2, 2, 1], [1, 1, 2, 1], [1, 1, 1, 1], "VALID")
    return {"y": y}
