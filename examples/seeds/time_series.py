"""The decks' last program: BasicRNNCell, OutputProjectionWrapper and Adam on a real time series.

Every input is the last ten years of sunspot numbers, the output tells whether the next year will be quiet,
middling or active (the deck's softmax cost needs classes: with its output_size of 1 the softmax is always 1). The
line with dynamic_rnn, which the deck leaves out, is that of its source (Geron, 2017).
"""

import os

import numpy as np
import tensorflow as tf

folder = os.path.dirname(os.path.abspath(__file__))
sunspots = np.loadtxt(os.path.join(folder, "data", "sunspots.csv"), delimiter=",", skiprows=1)[:, 1]
classes = np.digitize(sunspots, [20, 60])

hidden_size, output_size = 5, 3
input_size, unroll_steps = 10, 20
tf.set_random_seed(1)
np.random.seed(1)


def next_batch(size):
    """X [size, unroll_steps, input_size] and y [size, unroll_steps, output_size]."""
    starts = np.random.randint(0, len(sunspots) - unroll_steps - input_size, size)
    years = starts[:, None] + np.arange(unroll_steps)
    windows = sunspots[years[:, :, None] + np.arange(input_size)] / 100
    return windows, np.eye(output_size)[classes[years + input_size]]


X = tf.placeholder(tf.float32, [None, unroll_steps, input_size])
y = tf.placeholder(tf.float32, [None, unroll_steps, output_size])

#define forward pass graph:
cell = tf.contrib.rnn.OutputProjectionWrapper(
    tf.contrib.BasicRNNCell(num_units=hidden_size, activation = tf.nn.relu),
    output_size = output_size)
outputs, states = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
outputs = tf.softmax(outputs)

#define training parameters:
learning_rate = 0.001
cost = tf.reduce_mean(-tf.reduce_sum(y*tf.log(outputs), reduction_indices=2)) #softmax cost
optimizer = tf.train.AdamOptimizer(learing_rate=learning_rate)
training_op = optimizer.minimize(cost)
init = tf.global_variables_initializer()

#execute training:
epochs = 1000
batch_size = 50
with tf.Session() as sess:
    init.run()
    for iter in range(epochs):
        X_batch, y_batch = next_batch(batch_size) #fetch next batch
        sess.run(training_op, feed_dict=\
                 {X:X_batch, y:y_batch})
        if iter % 100 == 0:
            c = cost.eval(feed_dict=\
                          {X:X_batch, y:y_batch})
            print(iter, "\tcost: ", c)
