"""Slow twins of the fast path. They import nothing from sweep, so as not to share its faults.

`Problem` states what is trained; `naive` trains it in float64, `precise` with as many digits as
asked for, `philox` draws where training starts.
"""
