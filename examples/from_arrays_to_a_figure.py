"""From arrays to a figure in five lines."""

import numpy as np

import sweep

X = np.random.default_rng(0).normal(size=(64, 2))
y = np.exp(-(X**2).sum(axis=1))
axes = {"learning_rate": sweep.log(0.01, 100, 50), "seed": range(5)}
study = sweep.Study("hill", layers=[2, 8, 1], data=(X, y), scheme="he", steps=300, axes=axes)
sweep.plot(sweep.run(study)).savefig("final_loss.png")
