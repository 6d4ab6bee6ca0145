"""The decks' recurrent network unrolled by hand, h(i) = tanh(U·h(i-1) + W·x(i)), y(i) = softmax(V·h(i)).

It reads the yearly sunspot numbers and says of each year whether the next one will be quiet, middling or active.
The deck writes h(i) for the i-th of many tensors; in Python they stand in lists.
"""

import os

import numpy as np
import tensorflow as tf

folder = os.path.dirname(os.path.abspath(__file__))
sunspots = np.loadtxt(os.path.join(folder, "data", "sunspots.csv"), delimiter=",", skiprows=1)[:, 1]
classes = np.digitize(sunspots, [20, 60])

hidden_size, output_size = 8, 3
input_size, unroll_steps = 1, 20
learning_rate = 0.01
tf.set_random_seed(1)

# x[:, b] is one stretch of years, each a column
x_all = np.stack([sunspots[s:s + unroll_steps] for s in range(len(sunspots) - unroll_steps)], axis=1) / 100
y_all = np.stack([np.eye(output_size)[classes[s + 1:s + unroll_steps + 1]]
                  for s in range(len(sunspots) - unroll_steps)], axis=2)

X = tf.placeholder(tf.float32, [unroll_steps, None])
y_true = tf.placeholder(tf.float32, [unroll_steps, output_size, None])
U = tf.Variable(tf.random_uniform([hidden_size, hidden_size], -0.3, 0.3), name="U")
W = tf.Variable(tf.random_uniform([hidden_size, input_size], -0.3, 0.3), name="W")
V = tf.Variable(tf.random_uniform([output_size, hidden_size], -0.3, 0.3), name="V")

#define forward pass graph:
x = [None] + [tf.expand_dims(X[i], 0) for i in range(unroll_steps)]
h = [tf.zeros([hidden_size, tf.shape(X)[1]])]
y = [None]
for i in range(1, len(x)):
    h.append(tf.tanh(tf.matmul(U,h[i-1])+ tf.matmul(W,x[i]))) #update hidden state
    y.append(tf.softmax(tf.matmul(V, h[i]), dim=0)) #update output

y_pred = tf.stack(y[1:])
cost = tf.reduce_mean(-tf.reduce_sum(y_true*tf.log(y_pred), reduction_indices=1))
training_op = tf.train.AdamOptimizer(learning_rate).minimize(cost)
gradients = tf.gradients(cost, h)
init = tf.global_variables_initializer()

feed = {X: x_all, y_true: y_all}
with tf.Session() as sess:
    sess.run(init)
    for epoch in range(201):
        if epoch % 50 == 0:
            print(epoch, "\tcost: ", cost.eval(feed_dict=feed))
        sess.run(training_op, feed_dict=feed)
    norms = [np.linalg.norm(g) for g in sess.run(gradients[1:], feed_dict=feed)]

print("norm of the gradient at the last and at the first hidden state: %.2g, %.2g" % (norms[-1], norms[0]))
