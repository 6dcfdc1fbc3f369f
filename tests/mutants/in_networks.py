"""Mistakes on the way through a network and back: activations, losses, passes."""

from .mutant import Mutant

ACTIVATIONS = (
    Mutant(
        "activations.py",
        "lambda z: select(z <= 0.0, 0.0, z)",
        "lambda z: select(z > 0.0, z, 0.0)",
        "relu takes NaN for 0",
        ("test_activations.py::test_nan_goes_through",),
    ),
    Mutant(
        "activations.py",
        "select(a > 0.0, 1.0, 0.0 * a)",
        "select(a >= 0.0, 1.0, 0.0 * a)",
        "relu has the slope 1 at its kink",
        ("test_activations.py::test_the_slope_at_a_kink",),
    ),
    Mutant(
        "activations.py",
        "select(a <= 0.0, _LEAK, a)",
        "select(a < 0.0, _LEAK, a)",
        "leaky relu has no slope at its kink",
        ("test_activations.py::test_the_slope_at_a_kink",),
    ),
    Mutant(
        "activations.py",
        "largest = select(z > largest, z, largest)",
        "largest = select(z < largest, z, largest)",
        "softmax takes exponents from the smallest logit",
        ("test_extremes.py::test_softmax_of_large_logits",),
    ),
    Mutant(
        "activations.py",
        "delta[first + j] = delta[first + j] - log_total",
        "delta[first + j] = log(a[first + j])",
        "the logarithm of a share is taken of the rounded share",
        ("test_extremes.py::test_softmax_of_large_logits",),
    ),
    Mutant(
        "activations.py",
        "net.delta[at + i] = a[at + i] * (e[i] - mean)",
        "net.delta[at + i] = a[at + i] * (1.0 - a[at + i]) * e[i]",
        "softmax is differentiated as if its outputs were independent",
        ("test_extremes.py::test_softmax_of_large_logits",),
    ),
)
LOSSES = (
    Mutant(
        "losses.py",
        "select(distance <= 1.0, 0.5 * distance * distance, distance - 0.5)",
        "select(distance <= 1.0, 0.5 * distance * distance, distance)",
        "Huber's loss jumps where its pieces meet",
        ("test_validation.py::test_at_every_step[edits2]",),
    ),
    Mutant(
        "losses.py",
        "return select(e > 1.0, 1.0, select(e < -1.0, -1.0, e))",
        "return select(e > 1.0, 1.0, select(e < 0.0, -1.0, e))",
        "Huber's slope is that of |e| below the target",
        ("test_gradients.py::test_gradient[27]",),
    ),
    Mutant(
        "losses.py",
        '"huber": Loss(_huber, _clipped_difference, 1.0, mean_of_outputs=True)',
        '"huber": Loss(_huber, _clipped_difference, 1.0)',
        "Huber's loss is a sum over outputs",
        ("test_validation.py::test_at_every_step[edits2]",),
    ),
    Mutant(
        "losses.py",
        "fma(a, mass, -t)",
        "a - t",
        "softmax cross-entropy takes all targets to sum to 1",
        ("test_extremes.py::test_softmax_of_large_logits",),
    ),
    Mutant(
        "losses.py",
        "return total + (fma(-t, z, positive) + softplus(-absolute(z))[0])",
        "return total + (fma(-t, z, positive) + softplus(absolute(z))[0])",
        "binary cross-entropy takes the logarithm of the other class",
        ("test_validation.py::test_at_every_step[edits1]",),
    ),
)
PASSES = (
    Mutant(
        "passes.py",
        "inputs = activation - network.tile // network.abreast * n_in if index else 0",
        "inputs = activation - n_in if index else 0",
        "a layer of many samples looks for its inputs in the wrong place",
        ("test_kernel.py::test_a_network_too_large_for_registers",),
    ),
    Mutant(
        "passes.py",
        "return fma(m[place.layer], total, w[place.biases + j]) if bias else z",
        "return m[place.layer] * (total + w[place.biases + j]) if bias else z",
        "the multiplier multiplies the bias as well",
        ("test_parameterisation.py::test_multipliers[edits1]",),
    ),
    Mutant(
        "passes.py",
        "net.scratch[i] = net.m[place.layer] * net.scratch[i]",
        "net.scratch[i] = net.m[place.layer - 1] * net.scratch[i]",
        "deltas go back by the multiplier of the layer before",
        ("test_parameterisation.py::test_multipliers[edits1]",),
    ),
    Mutant(
        "passes.py",
        "for s in range((n + width - 1) // width):\n            error = splat(0.0)",
        "for s in range((n + width - 1) // width - 1, -1, -1):\n            error = splat(0.0)",
        "law of bits: a tile's losses are summed backwards",
        ("test_law_of_bits.py::test_any_number_of_samples_at_a_time",),
    ),
    Mutant(
        "passes.py",
        "mass = splat(0.0)\n            for j in range(n_out):",
        "mass = splat(0.0)\n            for j in range(1, n_out):",
        "the first target does not count",
        ("test_extremes.py::test_softmax_of_large_logits",),
    ),
)
ABREAST = (
    Mutant(
        "lanes/transposing.py",
        "[lane + part if not lane & part else width + lane for lane in range(width)],",
        "[lane if not lane & part else width + lane for lane in range(width)],",
        "a square of a matrix is turned in part",
        ("test_gathering.py::test_a_matrix_is_turned",),
    ),
    Mutant(
        "lanes/transposing.py",
        "for c in range(whole_columns if r < whole_rows else 0, columns):",
        "for c in range(whole_columns, columns):",
        "rows that fill no square are left out",
        ("test_gathering.py::test_a_matrix_is_turned",),
    ),
    Mutant(
        "lanes/products.py",
        "sizes += [abreast >> i for i in range(1, abreast.bit_length())]",
        "sizes += [abreast >> i for i in range(1, abreast.bit_length() - 1)]",
        "a last column next to others is left out",
        ("test_products.py::test_columns_next_to_each_other_make_a_vector",),
    ),
    Mutant(
        "passes.py",
        "for lane in range(min(width, n - s * width)):",
        "for lane in range(width):",
        "lanes without a sample count in the loss",
        ("test_law_of_bits.py::test_any_group_goes_both_ways",),
    ),
    Mutant(
        "learning.py",
        "multiply(n_out, n_in, n, delta, x, gradients, gradients)\n            if bias:",
        "multiply(n_out, n_in, (n + width - 1) // width * width, delta, x, gradients, gradients)"
        "\n            if bias:",
        "lanes without a sample count in the gradient",
        ("test_law_of_bits.py::test_any_group_goes_both_ways",),
    ),
    Mutant(
        "sampling.py",
        "copy(n_in, given.inputs, row * n_in, net.x, s * n_in)",
        "copy(n_in, given.inputs, row * n_out, net.x, s * n_in)",
        "a batch of one network takes other rows",
        ("test_law_of_bits.py::test_samples_abreast_or_networks",),
    ),
)
EVALUATION = (
    Mutant(
        "evaluation.py",
        "won = won & (rival < best) if j < wanted else won & (rival <= best)",
        "won = won & (rival <= best)",
        "a tie with an earlier output is right",
        ("test_validation.py::test_the_first_of_equal_outputs_and_targets_counts",),
    ),
    Mutant(
        "evaluation.py",
        "if wished[at + j] > wished[at + wanted]:",
        "if wished[at + j] >= wished[at + wanted]:",
        "the last of equal targets is wanted",
        ("test_validation.py::test_the_first_of_equal_outputs_and_targets_counts",),
    ),
    Mutant(
        "evaluation.py",
        "select(output <= middle, splat(1.0), splat(0.0))",
        "select(output > middle, splat(0.0), splat(1.0))",
        "an output that is NaN is of the lower class",
        ("test_validation.py::test_outputs_that_are_no_numbers_have_no_accuracy",),
    ),
    Mutant(
        "evaluation.py",
        "n = min(tile, given.samples - first)",
        "n = tile",
        "validation reads beyond its last sample",
        ("test_validation.py::test_the_first_of_equal_outputs_and_targets_counts",),
    ),
)
