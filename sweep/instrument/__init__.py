"""How fast the kernel is, and how fast this machine could be: the instrument of `sweep bench`."""
