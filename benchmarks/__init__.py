"""Networks x peers: how fast others train what sweep trains, by `python -m benchmarks.table`."""

import os

# Peers that work in Python threads bring their own: BLAS's would only be in their way. It reads
# this when NumPy is first imported, so that it must be said before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
