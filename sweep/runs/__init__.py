"""One study: what is missing, trained on threads or a cluster, committed, shown as it goes."""
