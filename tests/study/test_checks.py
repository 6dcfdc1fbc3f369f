import pytest

from .course import BIASED, course, refused


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("training.steps=0", "must be a whole number from 1 to 1000000000, not 0"),
        ("training.steps=2.5", "must be a whole number from 1 to 1000000000, not 2.5"),
        ("training.steps=true", "must be a whole number from 1 to 1000000000, not true"),
        ("training.steps=inf", "must be a whole number from 1 to 1000000000, not inf"),
        (f"training.steps=0x{'f' * 99_999}", "not a whole number of 399996 bits"),
        ("training.steps=2020-02-02", "not 2020-02-02"),
        ("network.bias=1", "must be true or false, not 1"),
        ("title=5", "must be text, not 5"),
        (
            "network.activation='sigmod'",
            'must be one of "sigmoid", "tanh", "relu", "leaky_relu", "elu"',
        ),
        ("network.activation=['tanh']", "must be one name, or 2 (one a layer), not 1"),
        ("network.activation=[]", "must be one value or one for each layer, not an empty list"),
        ("training.optimizer='lbfgs'", 'must be one of "sgd", "momentum", "nesterov", '),
        ("training.momentum=-1", "must be a finite number of at least 0, not -1"),
        ("training.beta1=1", "must be a finite number of at least 0 and below 1, not 1"),
        ("training.alpha=nan", "must be a finite number of at least 0 and below 1, not nan"),
        ("training.epsilon=inf", "must be a finite number of at least 0, not inf"),
        ("training.weight_decay=-1e-4", "must be a finite number of at least 0, not -0.0001"),
        ("training.clip_norm=nan", "must be a number of at least 0, not nan"),
        ("training.stop='target'", '"target" stops at outcome.target, which is not stated'),
        ("training.stop='diverged'", '"never", "target", "divergence", "either", not "diverged"'),
        ("network.multiplier=inf", "must be a finite number, not inf"),
        ("network.multiplier=[1]", "must have one value, or 2 (one a layer), not 1"),
        ("initial.offset=[0, 'x']", 'must be a finite number, not "x"'),
        ("schedule.name='linear'", '"one_cycle", "wsd", "range_test", not "linear"'),
        ("schedule.warmup=-1", "must be a whole number from 0 to 1000000000, not -1"),
        ("batch.size=0", "must be a whole number from 1 to 1000000000, not 0"),
        ("batch.order='sorted'", 'must be one of "shuffle", "replacement", not "sorted"'),
        ("batch.table=[0]", "must be a list of equally long lists of whole numbers of at least 0"),
        ("batch.table=[[]]", "must be a list of equally long lists of whole numbers of at least 0"),
        ("batch.table=[[0], [0, 0]]", "batch.table: [1] has 2 numbers and [0] has 1"),
        ("batch.table=[[0], [0.5]]", "batch.table: [1] must be a list of whole numbers, not [0.5"),
        ("batch.table=[[0], [true]]", "batch.table: [1] must be a list of whole numbers, not [tru"),
        ("batch.table=[[0], 0]", "batch.table: [1] must be a list of whole numbers, not 0"),
        ("batch.table=[[0], [-1]]", "batch.table: [1] must be whole numbers from 0 to 999999"),
        (f"batch.table=[[0, 0x{'f' * 99}]]", "batch.table: [0] must be whole numbers from 0 to 9"),
        ("validation.inputs=[]", "must be a list of lists of numbers, not []"),
        ("training.learning_rate=-0.1", "must be a finite number of at least 0, not -0.1"),
        ("training.learning_rate=[0.1]", "must have one value, or 2 (one a layer), not 1"),
        (f"training.learning_rate=0x{'f' * 999}", "not a whole number of 3996 bits"),
        ("outcome.target=nan", "must be a finite number of at least 0, not nan"),
        ("outcome.diverged_above=nan", "must be a number of at least 0, not nan"),
        ("network.layers=[2]", "must be a list of 2 to 100 layer sizes, inputs first, not [2]"),
        ("network.layers=[2, 0, 2]", "must be a whole number from 1 to 1000000, not 0"),
        ("network.layers=[2, 999999, 2]", "has 3999996 parameters; at most 1000000 can be trained"),
        ("data.inputs=[[0.1, nan]]", "data.inputs: [0][1] must be a finite number, not nan"),
        ("data.inputs=[[0.1, 'x']]", '[0][1] must be a finite number, not "x"'),
        ("data.inputs=[0.1, 0.2]", "must be a list of lists of numbers, not [0.1, 0.2]"),
        ("data.inputs=[]", "must be a list of lists of numbers, not []"),
        ("data.inputs=[[]]", "[0] must be a list of numbers, not []"),
        ("data.inputs=[[1, 2], [3]]", "[1] has 1 number and [0] has 2"),
        ("data.inputs=[[1]]", "must have 2 numbers a sample, as network.layers = [2, 2, 2] wants"),
        ("data.targets=[[1, 2], [3, 4]]", "data.targets: has 2 samples and data.inputs has 1"),
        (
            "initial.weights=[[[1, 2]], [[3, 4]]]",
            "have the shapes 2x2, 2x2 (layer by layer), not 1x2, 1",
        ),
        ("initial.weights=[[1, 2], [3, 4]]", "[0] must be a list of lists of numbers, not [1, 2]"),
        ("initial.weights=[[[1, 2], [3]]]", "initial.weights: [0][1] has 1 number and [0] has 2"),
        ("initial.weights=[[[1, inf]]]", "initial.weights: [0][0][1] must be a finite number, no"),
        ("initial.weights=5", "must be a list with one element for each layer, not 5"),
        ("initial={}", "initial: must state weights, or a scheme that draws them: uniform, normal"),
        (
            "initial.scheme='he'",
            "initial.scheme: has no effect: initial.weights states the weights",
        ),
        ("record.loss='log 2'", '"nothing" (N at least 1, after log 3), not "log 2"'),
        ("record.parameters='log 9'", 'must be one of "final", "every step", "every N", "last N"'),
        ("record.loss=5", 'must be one of "every step"'),
        (
            "training.steps=100000000",
            "would record 100000001 numbers of every trial; at most 10000",
        ),
        ("plot.mark=[1]", "must be a table such as { learning_rate = [0.1] }, not [1]"),
        ("plot.mark={ learning_rat=[1] }", '"learning_rat" marks no axis; did you mean learning_r'),
        ("plot.mark={ learning_rate=[nan] }", 'of "learning_rate"[0] must be a finite number'),
    ],
)
def test_a_wrong_value_is_refused_before_anything_else(override: str, complaint: str) -> None:
    message = refused(override)
    assert complaint in message
    assert f"--set {override}"[:30] in message


def test_wrong_biases_are_refused() -> None:
    assert "must have the shapes 2, 2 (layer by layer), not 2" in refused(
        BIASED, "initial.biases=[[1, 2]]"
    )


def test_marks_have_the_names_of_axes() -> None:
    mark = course("plot.mark={ training.learning_rate=[1, 0.5] }").plot.mark
    assert mark == {"learning_rate": (1.0, 0.5)}
