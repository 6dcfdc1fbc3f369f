"""Bits that must not move: a digest for each row of the kernel's tables.

A change that moves one raises `NUMERICS`, writes the new digests here and says so in CHANGELOG.md:
results on people's disks are found by that number.
"""

import pytest

from sweep.study import ACTIVATIONS, LOSSES, NUMERICS, OPTIMIZERS, ORDERS, SCHEDULES, SCHEMES
from sweep.training.trainer import train

from .digests import digest, mixed_trials
from .groups import every_trial

SAMPLES = (
    "data={ inputs=[[0.05, 0.1], [-0.5, 0.8], [0.3, -0.2]], "
    "targets=[[0.01, 0.99], [0.6, 0.2], [0.3, 0.7]] }"
)
BIAS = "network.bias=true"
WIDE = "network.layers=[2, 17, 9, 2]"  # too large for registers: samples go through it in tiles

# The dtype, what differs from the worked example, and the digest with numerics 2.
GOLDEN = [
    (
        "float64",
        [],
        "087a86c8bb0ed0f12556667979bcff40b4304d5bebd3a3b0d5888f724694b48f",
    ),
    (
        "float32",
        [],
        "b211dcf9d9cbfa3bfbd91769764cc42fa0440dcbca192d354407c8e8ebfe70bd",
    ),
    (
        "float64",
        ["initial={scheme='uniform'}", BIAS],
        "8755e3f638dbd59c4f306c0f293313d33cbc3340eee80bb33ab3ce30308f8242",
    ),
    (
        "float64",
        ["initial={scheme='xavier'}", "network.activation='tanh'", SAMPLES],
        "2788dd24141cc8d88ebbb31ddce19cf25d0c116b2d1e41a282d2dbfd9784465a",
    ),
    (
        "float64",
        ["initial={scheme='he'}", "network.activation='relu'", SAMPLES, BIAS],
        "fff2a30acac98a1565cf543eb272383503f15fbaeea4f35046bc01967e6c770f",
    ),
    (
        "float64",
        [
            "initial={scheme='normal'}",
            "network.activation='identity'",
            "network.loss='mean_squared_error'",
            SAMPLES,
        ],
        "ccc135e28baca2eb8e883a1490f2534ed556ed2455efda6d05bc31739535a8de",
    ),
    (
        "float64",
        ["network.activation=['leaky_relu', 'elu']", SAMPLES],
        "6670a34bb756ccc72c3199c22351e68dcf1ba056d8254c8dd5b152f0247156e5",
    ),
    (
        "float32",
        ["network.activation=['softplus', 'silu']", "network.loss='huber'", SAMPLES],
        "ebce540d3ac850464afc6476e7f9409b7ff9ea6182353bea2dd2c19af2cc4291",
    ),
    (
        "float64",
        ["network.activation=['gelu', 'gelu_tanh']", SAMPLES],
        "5466a842f9f69888a6f1033b5d9d9475ec54d2e1a845486e95559b2e0ae07026",
    ),
    (
        "float64",
        [
            "network.activation=['gelu', 'sigmoid']",
            "network.loss='binary_cross_entropy'",
            SAMPLES,
            BIAS,
        ],
        "1a87c966aef454d4aefac9c5e5109ead2d056cb4e64b6d17181b51ba80b02c5d",
    ),
    (
        "float64",
        [
            "network.activation=['silu', 'softmax']",
            "network.loss='softmax_cross_entropy'",
            SAMPLES,
            BIAS,
        ],
        "c8f1069b2233fbc460ad2d42d091e888e8e8db0555857b539e073807c0671eff",
    ),
    (
        "float32",
        ["network.activation=['elu', 'softmax']", SAMPLES],
        "e42317dd746caab7cec930e0443d1a111fcbf4faa37bb4a89ad1fa2f17fe267b",
    ),
    (
        "float64",
        [WIDE, "network.activation='tanh'", SAMPLES, BIAS],
        "0e36a2d5fd47c58fed83c3f3bc80d782575c4cdd22a0bf31f3404f32600a2c44",
    ),
    (
        "float32",
        [
            WIDE,
            "network.activation=['gelu', 'softplus', 'softmax']",
            SAMPLES,
            "network.loss='softmax_cross_entropy'",
        ],
        "b339d6c7487c12f251e0dd0a8b75363de258e9072ba5008d391bc8ef73cff816",
    ),
    (
        "float64",
        ["network.multiplier=[0.5, 2]", "initial.offset=[0.1, -0.1]", SAMPLES, BIAS],
        "d2fa7946fa4aeb586771ecf8c53d1860fefbd712e39dfd33f81f891883134a05",
    ),
    (
        "float64",
        ["training.optimizer='momentum'", SAMPLES, "training.weight_decay=0.01"],
        "f5348e4765326289ce29e8aa91a457aefebcfc089d5c0c7f0a607906ef71a790",
    ),
    (
        "float64",
        ["training.optimizer='nesterov'", SAMPLES, "training.clip_norm=0.1"],
        "c1d03767d491e1091c3f173798d40df150b3a322016eaabade10f65187355fb3",
    ),
    (
        "float32",
        ["training.optimizer='rmsprop'", SAMPLES, "schedule={name='step', every=10}"],
        "9e289665e1f0a828e50c3bedd30559c6296a960ad20894db3c988e5c3bccd832",
    ),
    (
        "float64",
        [
            "training.optimizer='adam'",
            SAMPLES,
            "schedule={name='exponential', gamma=0.9, warmup=5}",
        ],
        "2a968ed7ab0ad31b3f83dcc71d140084da89eb66b9394bb54575b07770f64b20",
    ),
    (
        "float64",
        ["training.optimizer='adamw'", SAMPLES, "schedule={name='cosine'}"],
        "cc2a17e45aba712502afefd1440715a65be1a25ab2f35a09204eab7faa5175f9",
    ),
    (
        "float64",
        ["training.weight_decay=0.01", "training.clip_norm=0.01"],
        "f8724473606cd09c6e0f1ad6fa482bce51d20a06faf5aaeb2e1870ce20a439aa",
    ),
    (
        "float64",
        ["schedule={name='one_cycle'}", SAMPLES],
        "0ec9642cd0aca84c08f34b6a31b3cb68b5c125ab514752b8d625dc65e36fe592",
    ),
    (
        "float64",
        ["schedule={name='range_test', final=100}", SAMPLES],
        "942f69797acc548d83d55c7ee742339bc79c4658db59fc851130d37a9435f7a9",
    ),
    (
        "float64",
        ["batch={size=2, order='shuffle', seed=3}", SAMPLES],
        "350020b21c8dbc00cbd43da1a06d6f5cd9b328cd2c09f8945d6d05b4e57cf241",
    ),
    (
        "float64",
        ["batch={size=2, order='replacement'}", "axes.batch_seed=[1, 2]", SAMPLES],
        "1f325ee1795e8375508c837398e7cd78b613cb4201002a4c11790444c293c78a",
    ),
    (
        "float32",
        ["batch={size=2}", "axes.batch_seed=[1, 2]", SAMPLES, WIDE],
        "1f1dce60df048890c81f51de606289cf94f0df1f2cd70167597a8a43d2519c42",
    ),
    (
        "float64",
        [
            "training.stop='either'",
            "outcome.diverged_above=0.5",
            "validation={inputs=[[1, 2]], targets=[[0, 1]]}",
        ],
        "bbfa8fc6e871d7d9a7b49587f0a07e674c1dce2fe3eb16aee744e472b8fdb46e",
    ),
]


@pytest.mark.parametrize(("dtype", "edits", "golden"), GOLDEN)
def test_bits_stay_what_they_are(dtype: str, edits: list[str], golden: str) -> None:
    study = mixed_trials(dtype, *edits)
    assert digest(train(study, every_trial(study))) == golden
    assert NUMERICS == 2


def test_every_row_of_the_tables_is_guarded() -> None:
    defaults = "sigmoid half_squared_error sgd constant shuffle"
    guarded = " ".join([defaults, *(edit for _, edits, _ in GOLDEN for edit in edits)])
    rows = [*ACTIVATIONS, *SCHEMES, *LOSSES, *OPTIMIZERS, *SCHEDULES, *ORDERS]
    assert [row for row in rows if row not in guarded] == []
