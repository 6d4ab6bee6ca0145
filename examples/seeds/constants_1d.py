"""The same graph with 1-d tensors."""

import tensorflow as tf

b = tf.constant([1.5, 2, 1, 4.2], dtype=tf.float32, name="b")
c = tf.constant([3, 1, 5, 10], dtype=tf.float32, name="c")
d = b+c #[4.5, 3, 6, 14.2]
e = c+2 #the deck's comment says [5, 4, 7, 12]; it is [5, 3, 7, 12]
a = d*e #??

with tf.Session() as sess:
    print("d =", d.eval())
    print("e =", e.eval())
    print("a =", a.eval())
