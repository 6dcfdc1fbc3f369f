"""Networks x peers: how fast others train what sweep trains, by `python -m benchmarks.compare`."""
