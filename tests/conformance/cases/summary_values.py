"""tf.summary: the nodes, and the messages they give."""

import zlib

import numpy as np


def scalars(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    first = tf.summary.scalar("loss", x)
    with tf.name_scope("train"):
        second = tf.summary.scalar("learning rate", x * 2.0)
        third = tf.summary.scalar("loss", 3, family="losses")
    merged = tf.summary.merge_all()
    some = tf.summary.merge([first, third], name="some")
    return {
        "first": first,
        "second": second,
        "third": third,
        "merged": merged,
        "some": some,
        "in_scope": tf.summary.merge_all(scope="train"),
        "none": tf.summary.merge_all(key="nothing"),
        "feed": {x: 1.5},
    }


def histograms(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    values = np.random.RandomState(0).normal(size=500).astype(np.float32)
    same = tf.summary.histogram("weights", x)
    return {
        "weights": same,
        "counts": tf.summary.histogram("counts", tf.constant([0, 3, 3, -7, 100])),
        "doubles": tf.summary.histogram("doubles", tf.constant([1e-13, -1e30, 0.5], tf.float64)),
        "feed": [{x: values}, {x: [0.0]}, {x: [2.0, 2.0]}, {x: []}],
    }


def histogram_error(tf):
    return {"h": tf.summary.histogram("h", tf.constant([1.0, np.nan]))}


def duplicates_error(tf):
    one = tf.summary.scalar("a", 1.0)
    return {"m": tf.summary.merge([one, one])}


def audio_and_text(tf):
    sound = tf.constant(np.sin(np.arange(24.0)).reshape(2, 6, 2), tf.float32)
    return {
        "stereo": tf.summary.audio("stereo", sound, 8000),
        "mono": tf.summary.audio("mono", sound[:, :, 0] * 2.0, 44100.0, max_outputs=1),
        "text": tf.summary.text("notes", tf.constant(["*a*", "b"])),
        "tensor": tf.summary.tensor_summary(
            "raw", tf.constant([[1, 2]]), summary_description="numbers", display_name="n"
        ),
    }


def _pixels(encoded):
    """The rows of a PNG file of 8 bits a channel, with the filters of its rows undone."""
    data, at = b"", 8
    while at < len(encoded):
        size = int.from_bytes(encoded[at : at + 4], "big")
        kind = encoded[at + 4 : at + 8]
        if kind == b"IHDR":
            width = int.from_bytes(encoded[at + 8 : at + 12], "big")
            height = int.from_bytes(encoded[at + 12 : at + 16], "big")
            channels = {0: 1, 4: 2, 2: 3, 6: 4}[encoded[at + 17]]
        elif kind == b"IDAT":
            data += encoded[at + 8 : at + 8 + size]
        at += size + 12
    rows = np.frombuffer(zlib.decompress(data), np.uint8).astype(np.int64).reshape(height, -1)
    result = np.zeros((height + 1, width + 1, channels), np.int64)
    for y in range(height):
        row = rows[y, 1:].reshape(width, channels)
        for x in range(width):
            left, up, corner = result[y + 1, x], result[y, x + 1], result[y, x]
            paeth = left + up - corner
            a, b, c = abs(paeth - left), abs(paeth - up), abs(paeth - corner)
            nearest = np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))
            guess = [0, left, up, (left + up) // 2, nearest][rows[y, 0]]
            result[y + 1, x + 1] = (row[x] + guess) % 256
    return result[1:, 1:]


def images(tf):
    random = np.random.RandomState(1)
    positive = random.uniform(size=[2, 3, 5, 1]).astype(np.float32)
    signed = random.normal(size=[4, 3, 2, 3])
    signed[1, 0, 0, 0] = np.nan
    raw = random.randint(0, 255, size=[1, 2, 2, 4]).astype(np.uint8)
    nodes = [
        tf.summary.image("positive", positive),
        tf.summary.image("signed", signed, max_outputs=2),
        tf.summary.image("raw", raw, 1, family="pictures"),
        tf.summary.image("black", tf.zeros([1, 2, 2, 1])),
    ]
    result = {}
    with tf.Session() as session:
        for message in session.run(nodes):
            for value in tf.Summary.FromString(message).value:
                picture = value.image
                result[value.tag] = _pixels(picture.encoded_image_string)
                result[value.tag + " size"] = [
                    picture.height,
                    picture.width,
                    picture.colorspace,
                ]
    return result
