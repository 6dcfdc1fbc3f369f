"""Mistakes between deltas and new parameters: gradients, optimizers, schedules."""

from .mutant import Mutant

_OPTIMIZERS = "test_optimizers.py::test_trajectories"

LEARNING = (
    Mutant(
        "learning.py",
        "total = net.g[place.biases + j]\n        for s in range(n):\n"
        "            total = total + net.delta[place.outputs + s * place.n_out + j]\n"
        "        net.g[place.biases + j] = total",
        "total = net.zero[0]\n        for s in range(n):\n"
        "            total = total + net.delta[place.outputs + s * place.n_out + j]\n"
        "        net.g[place.biases + j] = net.g[place.biases + j] + total",
        "law of bits: a tile's bias gradients are summed apart",
        ("test_law_of_bits.py::test_any_number_of_samples_at_a_time",),
    ),
    Mutant(
        "learning.py",
        "pass_back(place, n, net)\n            learn(place, source, net, splat(scale))",
        "learn(place, source, net, splat(scale))\n            pass_back(place, n, net)",
        "deltas go back through the new weights",
        ("test_kernel.py::test_every_gradient_of_every_step",),
    ),
    Mutant(
        "learning.py",
        "squares[0] = fma(of_inputs + 1.0 if bias else of_inputs, of_deltas, squares[0])",
        "squares[0] = fma(of_inputs, of_deltas, squares[0])",
        "one sample: the norm leaves out the biases",
        ("test_one_sample.py::test_every_option_is_the_oracles[clipped]",),
    ),
    Mutant(
        "learning.py",
        "of_inputs = of_inputs * factor * factor",
        "of_inputs = of_inputs * factor",
        "one sample: the norm has the multiplier, not its square",
        ("test_one_sample.py::test_every_option_is_the_oracles[all of it]",),
    ),
    Mutant(
        "learning.py",
        "delta = net.delta[place.outputs + j] * (scale * multiplier(net, place))",
        "delta = net.delta[place.outputs + j] * scale",
        "one sample: weights learn without the multiplier",
        ("test_one_sample.py::test_every_option_is_the_oracles[multiplied]",),
    ),
    Mutant(
        "learning.py",
        "fma(-(eta * h[at]), w[p], w[p])",
        "fma(-h[at], w[p], w[p])",
        "one sample: weights decay whatever the learning rate",
        ("test_one_sample.py::test_every_option_is_the_oracles[decayed]",),
    ),
    Mutant(
        "learning.py",
        "eta = net.eta[depth + place.layer]\n            decay(biases",
        "decay(biases",
        "one sample: biases learn at the rate of the weights",
        ("test_one_sample.py::test_every_option_is_the_oracles[plain]",),
    ),
    Mutant(
        "learning.py",
        "update_range(place.biases, place.end, net, eta, scale, factor, constants)",
        "update_range(place.biases, place.end, net, eta, own, factor, constants)",
        "the gradient of a bias has the multiplier",
        ("test_parameterisation.py::test_multipliers[edits1]",),
    ),
    Mutant(
        "learning.py",
        "here = here * fma(-eta, h[decay], 1.0)",
        "here = here * (1.0 - h[decay])",
        "decoupled decay ignores the learning rate",
        (f"{_OPTIMIZERS}[adamw-float64]",),
    ),
    Mutant(
        "learning.py",
        "return select(decay == 0.0, gradient, fma(decay, w, gradient))",
        "return fma(decay, w, gradient)",
        "no decay of an infinite weight makes its gradient NaN",
        ("test_extremes.py::test_no_decay_of_an_infinite_weight",),
    ),
    Mutant(
        "learning.py",
        "add_squares(place.biases, place.end, net, scale, sums)",
        "add_squares(place.biases, place.end, net, scale * multiplier(net, place), sums)",
        "the norm has the multiplier on biases",
        ("test_parameterisation.py::test_multipliers[edits4]",),
    ),
    Mutant(
        "learning.py",
        "factor = bound / (norm + _NORM_EPSILON)",
        "factor = bound / norm",
        "clipping divides by the bare norm",
        (f"{_OPTIMIZERS}[sgd-float64]",),
    ),
    Mutant(
        "learning.py",
        "return select((factor >= 1.0) | unbounded, 1.0, factor)",
        "return select(factor < 1.0, factor, 1.0)",
        "a norm that is NaN clips nothing",
        ("test_extremes.py::test_a_norm_that_is_no_number_leaves_no_parameter_one",),
    ),
)
DRIFTS = (
    Mutant(
        "block.py",
        "for added in map(self.of_dtype, (trials.offsets, trials.drifts)):",
        "for added in (self.of_dtype(trials.offsets),):",
        "the first loss is of weights that have not drifted",
        ("test_parameterisation.py::test_weights_drift_before_every_step[edits1]",),
    ),
    Mutant(
        "learning.py",
        "d = net.d[place.layer]",
        "d = net.d[0]",
        "all layers drift as the first one",
        ("test_parameterisation.py::test_weights_drift_before_every_step[edits1]",),
    ),
    Mutant(
        "learning.py",
        "net.w[p] = select(d == 0.0, net.w[p], net.w[p] + d)",
        "net.w[p] = net.w[p] + d",
        "a drift of zero makes -0.0 into 0.0",
        ("test_parameterisation.py::test_a_drift_of_zero_changes_no_bit",),
    ),
    Mutant(
        "learning.py",
        "update(net, scale)\n        drift_all(net)",
        "drift_all(net)\n        update(net, scale)",
        "weight decay sees the next drift",
        ("test_parameterisation.py::test_weights_drift_before_every_step[edits3]",),
    ),
)
OPTIMIZERS = (
    Mutant(
        "optimizers.py",
        '(Polyak 1964; Sutskever et al. 2013)."""\n    s = fma(constants[0], s, g)',
        '(Polyak 1964; Sutskever et al. 2013)."""\n    s = fma(constants[0], s - g, g)',
        "momentum is damped",
        (f"{_OPTIMIZERS}[momentum-float64]",),
    ),
    Mutant(
        "optimizers.py",
        "return fma(-eta, fma(constants[0], s, g), w), s, t",
        "return fma(-eta, s, w), s, t",
        "nesterov is momentum",
        (f"{_OPTIMIZERS}[nesterov-float64]",),
    ),
    Mutant(
        "optimizers.py",
        "return fma(-eta, g / (sqrt(s) + epsilon), w), s, t",
        "return fma(-eta, g / sqrt(s + epsilon), w), s, t",
        "rmsprop has its epsilon under the root",
        (f"{_OPTIMIZERS}[rmsprop-float64]",),
    ),
    Mutant(
        "optimizers.py",
        "second = fma(h[2], 1.0 - c[corrections + 1], c[corrections + 1])",
        "second = fma(h[2], 1.0 - c[corrections], c[corrections + 1])",
        "adam's second correction follows the first",
        (f"{_OPTIMIZERS}[adam-float64]",),
    ),
    Mutant(
        "optimizers.py",
        "s / fma(sqrt(t), per_root_bias, epsilon)",
        "s / ((sqrt(t) + epsilon) * per_root_bias)",
        "adam has its epsilon before the correction",
        (f"{_OPTIMIZERS}[adam-float64]",),
    ),
    Mutant(
        "optimizers.py",
        "return fma(-(eta / bias), s",
        "return fma(-eta, s",
        "adam's mean is not corrected",
        (f"{_OPTIMIZERS}[adam-float64]",),
    ),
    Mutant(
        "../catalogue/learning.py",
        "            decoupled=True,\n",
        "",
        "adamw adds its decay to the gradient",
        (f"{_OPTIMIZERS}[adamw-float64]",),
    ),
    Mutant(
        "../catalogue/learning.py",
        '"`Adam`",\n            ("1 - beta1", "beta2", "1 - beta2", "epsilon"),',
        '"`Adam`",\n            ("1 - beta1", "1 - beta2", "beta2", "epsilon"),',
        "adam's settings are in another order",
        (f"{_OPTIMIZERS}[adam-float64]",),
    ),
    Mutant(
        "block.py",
        '1.0 - hyper[name.removeprefix("1 - ")] if',
        '1.0 - hyper[name.removeprefix("1 - ")].astype(self.dtype) if',
        "1 - beta is made after rounding to float32",
        ("test_trainer.py::test_one_less_a_setting_is_rounded_once",),
    ),
)
SCHEDULES = (
    Mutant(
        "schedules.py",
        "factors[warming] = (step[warming] + 1) / schedule.warmup",
        "factors[warming] = step[warming] / schedule.warmup",
        "the warm-up begins at 0",
        ("test_schedules.py",),
    ),
    Mutant(
        "schedules.py",
        "(schedule, since, steps - schedule.warmup)",
        "(schedule, since, steps)",
        "the steps of the warm-up are counted twice",
        ("test_schedules.py",),
    ),
    Mutant(
        "schedules.py",
        "_half_period(1.0, schedule.final, t, total)",
        "_half_period(1.0, schedule.final, t, max(total - 1, 1))",
        "cosine reaches its end a step early",
        ("test_schedules.py",),
    ),
    Mutant(
        "schedules.py",
        "top = _PERCENT_RISING * total - 100",
        "top = _PERCENT_RISING * total",
        "one-cycle turns a step late",
        ("test_schedules.py",),
    ),
    Mutant(
        "schedules.py",
        "_LAST = 4e-6",
        "_LAST = 1e-4",
        "one-cycle ends at a part of the largest rate, not of the first",
        ("test_schedules.py",),
    ),
    Mutant(
        "schedules.py",
        "Decimal(max(total - 1, 1))",
        "Decimal(total)",
        "the range test does not reach its end",
        ("test_schedules.py",),
    ),
    Mutant(
        "kernel.py",
        "factor = given.factors[min(step, given.stop - 1) - given.start]",
        "factor = given.factors[max(step - 1, given.start) - given.start]",
        "the schedule is a step late",
        ("test_batches.py::test_what_the_kernel_is_handed_at_a_time_does_not_matter",),
    ),
    Mutant(
        "kernel.py",
        "net.eta[i] = net.rates[i] * factor",
        "net.eta[i] = net.rates[i] * (factor if 2 * i < rows else 1.0)",
        "the rates of biases have no schedule",
        ("test_parameterisation.py::test_schedules[exponential-0-sgd]",),
    ),
)
