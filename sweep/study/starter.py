"""The study that `sweep new` writes."""

STARTER = """\
# Which learning rates solve exclusive or, and from how many initialisations?
title = "Exclusive or at a few learning rates"

# A study is one question in one file; a report begins with the comment at its top.
# docs/study-file.md describes every field.

[network]
layers = [2, 2, 1]                # neurons, inputs first
activation = "tanh"               # sigmoid, relu, gelu, ...; or a list, one per layer
bias = true
loss = "half_squared_error"       # or "mean_squared_error", "huber", ...

[data]                            # exclusive or: a row a sample
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[0], [1], [1], [0]]
# file = "measured.csv"           # or from a file: .csv, .parquet or .npy
# target_columns = ["y"]
# name = "moons"                  # or made: xor, parity, spirals, moons, circles, teacher, ...

[initial]
scheme = "xavier"                 # uniform, normal, xavier or he; or state weights = [...]
scale = 1.0

[training]
steps = 1000
optimizer = "sgd"                 # momentum, nesterov, rmsprop, adam or adamw
dtype = "float64"                 # or "float32"

[schedule]
name = "constant"                 # step, exponential, cosine, one_cycle or range_test
warmup = 0                        # steps on which the rates rise to what is stated

[axes]                            # every combination is a trial; any single value above can be one
learning_rate = { log = [1e-2, 1e1], num = 13 }
seed = { range = [0, 8] }
# "learning_rate.0" = [0.1, 1.0]  # a rate of its own for the first layer's weights
# bias_learning_rate = [0.0, 0.1] # and for the biases
# where = "learning_rate < 1 or seed == 0"    # keeps the points at which this holds
# zip.pair = { clip_norm = [1.0, 10.0], weight_decay = [0.0, 0.1] }   # run together

[outcome]
target = 1e-3                     # converged: the loss reached it
diverged_above = 1e6              # diverged: not finite, or above this

[record]
loss = "every 10"                 # or "every step", "log 200", "nothing"
parameters = "final"              # or "every 10", "nothing"
"""
