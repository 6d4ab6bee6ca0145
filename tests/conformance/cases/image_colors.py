"""tf.image: types, colours, quality, files."""

import numpy as np

TOLERANCE = {"rtol": 1e-4, "atol": 2e-5, "reason": "another formula for the same colours"}


def _values(*shape):
    return np.random.RandomState(sum(shape)).rand(*shape).astype(np.float32)


def _bytes(*shape):
    return (_values(*shape) * 255).astype(np.uint8)


def convert_types(tf):
    floats, bytes_ = tf.constant(_values(2, 3, 3)), tf.constant(_bytes(2, 3, 3))
    convert = tf.image.convert_image_dtype
    return {
        "to_uint8": convert(floats, tf.uint8),
        "saturated": convert(floats * 2.0, tf.uint8, saturate=True),
        "to_float": convert(bytes_, tf.float32, name="floats"),
        "to_int16": convert(bytes_, tf.int16),
        "to_int8": convert(bytes_, tf.int8),
        "same": convert(floats, tf.float32),
        "double": convert(floats, tf.float64),
    }


def standardize(tf):
    x = tf.placeholder(tf.float32, [4, 5, 3])
    y = tf.image.per_image_standardization(x)
    batch = tf.image.per_image_standardization(tf.constant(_values(2, 3, 3, 1)))
    flat = tf.image.per_image_standardization(tf.ones([2, 2, 1]))
    return {
        "y": y,
        "dx": tf.gradients(y * y * y, x),
        "batch": batch,
        "flat": flat,
        "feed": {x: _values(4, 5, 3)},
        "tolerance": TOLERANCE,
    }


def adjustments(tf):
    x = tf.placeholder(tf.float32, [4, 5, 3])
    result = {
        "brightness": tf.image.adjust_brightness(x, 0.2),
        "contrast": tf.image.adjust_contrast(x, 1.7),
        "gamma": tf.image.adjust_gamma(x, 0.5, 2),
        "hue": tf.image.adjust_hue(x, 0.3),
        "turned": tf.image.adjust_hue(x, -0.4),
        "saturation": tf.image.adjust_saturation(x, 1.6),
        "grey": tf.image.rgb_to_grayscale(x),
        "colors": tf.image.grayscale_to_rgb(x[:, :, :1]),
        "hsv": tf.image.rgb_to_hsv(x),
        "rgb": tf.image.hsv_to_rgb(x),
        "yiq": tf.image.rgb_to_yiq(x),
        "back": tf.image.yiq_to_rgb(x),
        "yuv": tf.image.rgb_to_yuv(x),
        "from_yuv": tf.image.yuv_to_rgb(x),
    }
    result.update(feed={x: _values(4, 5, 3)}, tolerance=TOLERANCE)
    return result


def hsv_gradient(tf):
    x = tf.placeholder(tf.float32, [2, 4, 3], name="x")
    hsv = tf.image.rgb_to_hsv(x)
    # all orders of the channels, ties among them and black
    pixels = [
        [1, 2, 3],
        [1, 3, 2],
        [2, 1, 3],
        [2, 3, 1],
        [3, 1, 2],
        [3, 2, 1],
        [2, 2, 1],
        [0, 0, 0],
    ]
    feed = {x: np.reshape(np.float32(pixels), [2, 4, 3]) / 4}
    return {
        "dx": tf.gradients(hsv * [1.0, 2.0, 3.0], x),
        "feed": feed,
        "tolerance": TOLERANCE,
    }


def adjustments_of_bytes(tf):
    """As floats: the rounding may go either way by one."""
    x = tf.constant(_bytes(4, 5, 3))
    changed = [
        tf.image.adjust_brightness(x, 0.2),
        tf.image.adjust_contrast(x, 1.7),
        tf.image.adjust_hue(x, 0.3),
        tf.image.adjust_saturation(x, 0.5),
        tf.image.rgb_to_grayscale(x),
    ]
    tolerance = {"rtol": 0, "atol": 1, "reason": "bytes are rounded"}
    return {"changed": [tf.cast(y, tf.float32) for y in changed], "tolerance": tolerance}


def random_adjustments(tf):
    tf.set_random_seed(3)
    x = tf.constant(_values(3, 4, 3))
    return {
        "brightness": tf.image.random_brightness(x, 0.3, seed=1),
        "contrast": tf.image.random_contrast(x, 0.5, 1.5),
        "hue": tf.image.random_hue(x, 0.2, seed=2),
        "saturation": tf.image.random_saturation(x, 0.5, 1.5),
        "runs": 2,
        "tolerance": TOLERANCE,
    }


def random_contrast_error(tf):
    return {"y": tf.image.random_contrast(tf.ones([2, 2, 3]), 1.0, 0.5)}


def differences(tf):
    a, b = (
        tf.constant(_values(2, 14, 13, 3)),
        tf.constant(_values(2, 14, 13, 3)[::-1] * np.float32(0.5)),
    )
    dy, dx = tf.image.image_gradients(a)
    return {
        "psnr": tf.image.psnr(a, b, 1.0),
        "bytes": tf.image.psnr(_tensor(tf, 4), _tensor(tf, 6), max_val=255),
        "ssim": tf.image.ssim(a, b, max_val=1.0),
        "variation": tf.image.total_variation(a),
        "dy": dy,
        "dx": dx,
        "sobel": tf.image.sobel_edges(a),
        "tolerance": TOLERANCE,
    }


def _tensor(tf, seed):
    return tf.constant(np.random.RandomState(seed).randint(0, 255, [4, 4, 3]).astype(np.uint8))


def png_files(tf):
    grey, color, deep = _bytes(4, 5, 1), _bytes(4, 5, 3), _bytes(4, 5, 4)
    result = {}
    for name, pixels in (("grey", grey), ("color", color), ("deep", deep)):
        encoded = tf.image.encode_png(pixels)
        result[name] = tf.image.decode_png(encoded)
        result[name + "_as_rgb"] = tf.image.decode_png(encoded, channels=3)
        result[name + "_any"] = tf.image.decode_image(encoded)
    return result


def png_of_16_bits(tf):
    pixels = (_values(3, 4, 1) * 65535).astype(np.uint16)
    encoded = tf.image.encode_png(pixels)
    return {"y": tf.image.decode_png(encoded, dtype=tf.uint16)}


def jpeg_files(tf):
    """A smooth picture survives JPEG; decoders differ by little."""
    ramp = np.linspace(0, 255, 16)
    pixels = np.stack(
        [np.tile(ramp, [16, 1]), np.tile(ramp[:, None], [1, 16]), np.full([16, 16], 90)], -1
    )
    encoded = tf.image.encode_jpeg(pixels.astype(np.uint8), quality=95)
    tolerance = {"rtol": 0, "atol": 8, "reason": "another JPEG library, twice"}
    return {
        "y": tf.cast(tf.image.decode_jpeg(encoded, channels=3), tf.float32),
        "grey": tf.cast(tf.image.decode_jpeg(encoded, channels=1), tf.float32),
        "any": tf.cast(tf.image.decode_image(encoded, channels=3), tf.float32),
        "is_jpeg": tf.image.is_jpeg(encoded),
        "shape": tf.image.extract_jpeg_shape(encoded),
        "crop": tf.cast(tf.image.decode_and_crop_jpeg(encoded, [2, 3, 8, 8]), tf.float32),
        "tolerance": tolerance,
    }


def decode_png_error(tf):
    return {"y": tf.image.decode_png(b"no picture")}


def decode_png_channels_error(tf):
    return {"y": tf.image.decode_png(b"", channels=7)}
