"""The decks' logistic regression, on the O-rings of 23 space shuttle flights.

The deck has one column in beta; the softmax over a single number is 1 whatever beta is, and nothing would be
learnt. So there is a column for each of the two outcomes, and y has the two as well. What the rest of the world
calls the coefficients is the difference of the columns: with enough steps 15.04 and -0.2322 per degree.
"""

import os

import numpy as np
import tensorflow as tf

folder = os.path.dirname(os.path.abspath(__file__))
flights = np.loadtxt(os.path.join(folder, "data", "challenger.csv"), delimiter=",", skiprows=1)
temperature, distress = flights[:, 0], flights[:, 1]
mean, deviation = temperature.mean(), temperature.std()
featuresZ_pBias = np.stack([(temperature - mean) / deviation, np.ones(len(flights))], axis=1)

learning_rate = 1.0
n_epochs = 2000
tf.set_random_seed(1)

X = tf.constant(featuresZ_pBias, dtype=tf.float32, name="X")
y = tf.constant(np.stack([1 - distress, distress], axis=1), dtype=tf.float32, name="y")

# Define our beta parameter vector:
beta = tf.Variable(tf.random_uniform([featuresZ_pBias.shape[1], 2], -1., 1.), name = "beta")

#then setup the prediction model's graph:
y_pred = tf.softmax(tf.matmul(X, beta), name="predictions")

#Define a *cost function* to minimize:
cost = tf.reduce_mean(-tf.reduce_sum(y*tf.log(y_pred), reduction_indices=1))

#define how to optimize and initialize:
optimizer = tf.train.GradientDescentOptimizer(learning_rate = learning_rate)
training_op = optimizer.minimize(cost)
init = tf.global_variables_initializer()

#iterate over optimization:
with tf.Session() as sess:
    sess.run(init)
    for epoch in range(n_epochs):
        sess.run(training_op)
        if epoch % 500 == 0:
            print(epoch, "\tcost: ", cost.eval())
    #done training, get final beta:
    best_beta = beta.eval()

slope, intercept = best_beta[:, 1] - best_beta[:, 0]
print("per degree: %.4f" % (slope / deviation))
print("intercept: %.3f" % (intercept - slope * mean / deviation))
print("distress at 31 degrees: %.4f" % (1 / (1 + np.exp(-(intercept + slope * (31 - mean) / deviation)))))
