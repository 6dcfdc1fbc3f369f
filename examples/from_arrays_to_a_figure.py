"""From a question to a figure in five lines, without a folder of results."""

import numpy as np
import seaborn as sns

import sweep

points = {"learning_rate": np.geomspace(0.01, 100, 200)}
found = sweep.evaluate("lr_graphs", points, measures=["final_loss", "outcome"])
axes = sns.scatterplot(found, x="learning_rate", y="final_loss", hue="outcome", s=9)
axes.set(xscale="log", yscale="log")
axes.figure.savefig("final_loss.png")
