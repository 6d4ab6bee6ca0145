"""The same graph with 2-d tensors and a matrix product."""

import tensorflow as tf

b = tf.constant([[1.5, 2], [1, 4.2]], dtype=tf.float32, name="b")
c = tf.constant([[3, 1], [5, 10]], dtype=tf.float32, name="c")
d = b+c
e = c+2
a = tf.matmul(d,e)

with tf.Session() as sess:
    print("d =", sess.run(d))
    print("e =", sess.run(e))
    print("a =", sess.run(a))
