"""The kernel: many copies of a network trained side by side, one SIMD lane each."""
