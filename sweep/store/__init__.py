"""Results on disk: committed whole or not at all, checked before they are believed."""
