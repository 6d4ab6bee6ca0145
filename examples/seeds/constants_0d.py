"""The decks' first graph, with 0-d tensors."""

import tensorflow as tf

b = tf.constant(1.5, dtype=tf.float32, name="b")
c = tf.constant(3.0, dtype=tf.float32, name="c")
d = b+c #1.5 + 3
e = c+2 #3+2
a = d*e #4.5*5 = 22.5

with tf.Session() as sess:
    print("d =", sess.run(d))
    print("e =", sess.run(e))
    print("a =", sess.run(a))
