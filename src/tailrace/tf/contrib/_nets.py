"""`tf.contrib.slim.nets`: networks for pictures."""

from tailrace.library.contrib.nets import (
    alexnet,
    inception,
    overfeat,
    resnet_utils,
    resnet_v1,
    resnet_v2,
    vgg,
)
