"""tf.image: non-maximum suppression in its later forms, glimpses, patches, similarity."""

import numpy as np

BOXES = np.array(
    [[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1]],
    np.float32,
)
SCORES = np.array([0.9, 0.75, 0.6, 0.95, 0.5], np.float32)
PICTURES = np.random.RandomState(0).rand(2, 6, 8, 2).astype(np.float32)
NUMBERS = np.arange(2 * 6 * 8, dtype=np.float32).reshape(2, 6, 8, 1)


def suppression_of_classes(tf):
    corners = np.stack([BOXES, BOXES / 2 + 0.1])[:, :, np.newaxis]
    classes = np.concatenate([corners, corners + 0.3], axis=2).astype(np.float32)
    scores = np.array([[0.9, 0.3], [0.75, 0.8], [0.6, 0.35], [0.95, 0.1], [0.5, 0.7]])
    scores = np.stack([scores, scores[::-1] - 0.05]).astype(np.float32)
    suppress = tf.image.combined_non_max_suppression
    return {
        "shared": suppress(corners, scores, 3, 4),
        "own": suppress(classes, scores, 2, 10, iou_threshold=0.3, score_threshold=0.2),
        "padded": suppress(classes, scores, 2, 10, pad_per_class=True, clip_boxes=False),
        "few": suppress(corners, scores, 5, 3, 0.9, 0.4, pad_per_class=True, name="few"),
    }


def suppression_of_classes_of_unknown_shape(tf):
    boxes = tf.placeholder(tf.float32, [None, None, 1, 4])
    scores = tf.placeholder(tf.float32, [None, None, None])
    found = tf.image.combined_non_max_suppression(boxes, scores, 2, 3)
    feed = {boxes: BOXES[np.newaxis, :, np.newaxis], scores: SCORES[np.newaxis, :, np.newaxis]}
    return {"found": found, "feed": feed}


def suppression_of_classes_error(tf):
    tf.Session().run(
        tf.image.combined_non_max_suppression(
            BOXES[np.newaxis, :, np.newaxis], SCORES[np.newaxis, :, np.newaxis], 2, 3, 1.5
        )
    )


def suppression_with_scores(tf):
    found = [
        tf.image.non_max_suppression_with_scores(BOXES, SCORES, 4),
        tf.image.non_max_suppression_with_scores(BOXES, SCORES, 4, 0.95, 0.6),
        tf.image.non_max_suppression_with_scores(BOXES, SCORES, 5, 1.0, 0.1, 0.5),
        tf.image.non_max_suppression_with_scores(BOXES, SCORES, 3, 0.9, soft_nms_sigma=0.3),
    ]
    return {"found": found}


def suppression_padded(tf):
    return {
        "padded": tf.image.non_max_suppression_padded(
            BOXES, SCORES, 4, pad_to_max_output_size=True
        ),
        "plain": tf.image.non_max_suppression_padded(BOXES, SCORES, 4, score_threshold=0.55),
    }


def suppression_by_overlaps(tf):
    half = np.triu(np.random.RandomState(1).rand(5, 5), 1)
    overlaps = tf.constant(half + half.T + np.eye(5), tf.float32)
    thresholds = (0.1, 0.3, 0.7)
    found = [tf.image.non_max_suppression_overlaps(overlaps, SCORES, 4, t) for t in thresholds]
    return {"found": found}


def glimpses_inside(tf):
    x = tf.constant(NUMBERS)
    return {
        "centered": tf.image.extract_glimpse(x, [2, 4], [[0.1, -0.2], [-0.1, 0.2]]),
        "pixels": tf.image.extract_glimpse(
            x, [2, 3], [[2.0, 3.0], [3.0, 4.5]], centered=False, normalized=False
        ),
        "parts": tf.image.extract_glimpse(x, [1, 2], [[0.5, 0.5], [0.4, 0.6]], centered=False),
        "middle": tf.image.extract_glimpse(x, [2, 3], [[0.0, 0.5], [-1, 1]], normalized=False),
    }


def glimpses_outside(tf):
    x = tf.constant(NUMBERS)
    found = []
    for offset in ([-1.0, -1.0], [1.0, 1.0], [-1.0, 0.9], [2.5, 0.0]):
        glimpse = tf.raw_ops.ExtractGlimpse(
            input=x, size=[4, 3], offsets=[offset] * 2, uniform_noise=False, noise="zero"
        )
        found.append(glimpse)
    return {"found": found}


def glimpse_noise(tf):
    x = tf.constant(NUMBERS)
    glimpse = tf.image.extract_glimpse(x, [4, 3], [[-1.0, -1.0]] * 2)
    within = tf.reduce_all(tf.logical_and(glimpse >= 0.0, glimpse <= 95.0))
    return {"within": within, "known": glimpse[:, 2:, 2:]}


def patches(tf):
    x = tf.constant(PICTURES)
    return {"y": tf.image.extract_patches(x, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME")}


def similarity_over_scales(tf):
    rng = np.random.RandomState(2)
    a = tf.constant(rng.rand(2, 38, 46, 2).astype(np.float32))
    b = tf.constant(rng.rand(2, 38, 46, 2).astype(np.float32)) * 0.3 + a * 0.7
    near = tf.image.ssim_multiscale(a, b, 1.0, power_factors=(0.5, 0.3), filter_size=7)
    return {"near": near, "one": tf.image.ssim(a, b, 1.0)}


def similarity_of_unknown_size(tf):
    a, b = tf.placeholder(tf.uint8, [None, None, 3]), tf.placeholder(tf.uint8, [None, None, 3])
    rng = np.random.RandomState(3)
    feed = {a: rng.randint(0, 255, [30, 33, 3]), b: rng.randint(0, 255, [30, 33, 3])}
    near = tf.image.ssim_multiscale(a, b, 255, power_factors=(0.5, 0.3), filter_size=5)
    why = "variances are small differences of large sums"
    return {"near": near, "feed": feed, "tolerance": {"rtol": 2e-4, "reason": why}}
