"""Bits that must not move: a digest for each row of the kernel's tables.

A change that moves one raises `NUMERICS`, writes the new digests here and says so in CHANGELOG.md:
results on people's disks are found by that number.
"""

import pytest

from sweep.catalogue import ACTIVATIONS, LOSSES, OPTIMIZERS, ORDERS, SCHEDULES, SCHEMES
from sweep.study import NUMERICS
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
        "dc82644f85f34c24d3f11da990960752f1f8abe098860a0180a7db20f2cd86ea",
    ),
    (
        "float32",
        [],
        "b211dcf9d9cbfa3bfbd91769764cc42fa0440dcbca192d354407c8e8ebfe70bd",
    ),
    (
        "float64",
        ["initial={scheme='uniform'}", BIAS],
        "8b4724155aab3f79bdb2f7bcae573b2570c5931dffa932ecb860cabdf4039274",
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
        "09ff089708c3940e114679f1fa1741b5cd0ba1023626e2380fcf80e42c73d90d",
    ),
    (
        "float32",
        ["network.activation=['softplus', 'silu']", "network.loss='huber'", SAMPLES],
        "ed51743d405c237f62821f173f44d8cddb329f6a7edf0b9a14f0f5693719a1e4",
    ),
    (
        "float64",
        ["network.activation=['square', 'identity']", SAMPLES],
        "7fa582c3602675dd18c7cb034a4e8be92b05629bfe9498274e8a7d5e65eea8a5",
    ),
    (
        "float64",
        ["network.activation=['gelu', 'gelu_tanh']", SAMPLES],
        "0d7af6effb663c921f57a4421ee570c14422f969dda1f942666170591cb87cbf",
    ),
    (
        "float64",
        [
            "network.activation=['gelu', 'sigmoid']",
            "network.loss='binary_cross_entropy'",
            SAMPLES,
            BIAS,
        ],
        "5982fc86b62b0de4ebbf7d72b4e0f360ea17aaafbfabcb5fc5a8588e64e39514",
    ),
    (
        "float64",
        [
            "network.activation=['silu', 'softmax']",
            "network.loss='softmax_cross_entropy'",
            SAMPLES,
            BIAS,
        ],
        "cfc9e7680286c67dc3c6901eb146f5dfe111f834a2c351863519bc39debcf3a1",
    ),
    (
        "float32",
        ["network.activation=['elu', 'softmax']", SAMPLES],
        "7f1d5cb44f2a7a55693a4efeaebd93be2987207210252ee25eaaaed0b104feac",
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
        "2ad49bf7408ecee42f0f00f3987ac13335965b083df104d8514441c40e4c410b",
    ),
    (
        "float64",  # of one output, which passes back without sums
        [
            "network.layers=[2, 17, 9, 1]",
            "network.activation=['gelu', 'tanh', 'identity']",
            "network.multiplier=[0.5, 2, 1]",
            "data.inputs=[[0.05, 0.1], [-0.5, 0.8], [0.3, -0.2]]",
            "data.targets=[[0.01], [0.6], [0.3]]",
            BIAS,
        ],
        "c85b777541d4e82ba2672e502eb85d66d93f897f84f59e8045aa47a33ad8775c",
    ),
    (
        "float64",
        ["network.multiplier=[0.5, 2]", "initial.offset=[0.1, -0.1]", SAMPLES, BIAS],
        "d49e0f7e378e2fc2ae3b03e98bdd728d2fcea1ee0888130ab615619b2a988256",
    ),
    (
        "float64",
        ["training.optimizer='momentum'", SAMPLES, "training.weight_decay=0.01"],
        "2f8af06825a83fd08f0126d53225deb5e543c236622b41565e9c90140b79e695",
    ),
    (
        "float64",
        ["training.optimizer='nesterov'", SAMPLES, "training.clip_norm=0.1"],
        "2418ddb76a614c3adc94ff74f8293796dded97373a6f26455daf0ae4f6ee70b4",
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
        "2e7e92eff7ab9793f72119d24138b3ebacd0b235a00c630ad4194e56430fec40",
    ),
    (
        "float64",
        ["training.optimizer='adamw'", SAMPLES, "schedule={name='cosine'}"],
        "12ec581b8f78a36bb4afe4ae854d2d781f9679b6714cd819daaf0cce4c043e69",
    ),
    (
        "float64",
        ["training.weight_decay=0.01", "training.clip_norm=0.01"],
        "03bd52423924079f8a79dac597db199f15bfc0647fdf79d83010d65c06d98a35",
    ),
    (
        "float64",
        ["schedule={name='one_cycle'}", SAMPLES],
        "dae9a442361b95a4e5f270ae6db5e07bbc128a0231dba343733c1bdd64df28fa",
    ),
    (
        "float64",
        ["schedule={name='wsd', warmup=3, final=0.1}", SAMPLES],
        "44e27aaed49505725f54c2de2b5aca40662b3343408bfbba586523fd7cc10270",
    ),
    (
        "float64",
        ["schedule={name='range_test', final=100}", SAMPLES],
        "1ed6bbeae9968b76ac1ff47d00dd6f4b6fd00facac4ca1309b4c8113ce3e4b65",
    ),
    (
        "float64",
        ["batch={size=2, order='shuffle', seed=3}", SAMPLES],
        "0f73db1119aedf55ef45fe9bd27eb8fdaf212e2a43a67db9b52d44aae7f7c966",
    ),
    (
        "float64",
        ["batch={size=2, order='replacement'}", "axes.batch_seed=[1, 2]", SAMPLES],
        "ae9cb840bac2dc3fb214ab3d137e654fb93ccaf4ec5b6ed6275a4dc77d56494e",
    ),
    (
        "float32",
        ["batch={size=2}", "axes.batch_seed=[1, 2]", SAMPLES, WIDE],
        "5460e226e9d796527d6a9c82fc5e280ed3af7899d21d29b41de0b0aa59111a5e",
    ),
    (
        "float64",
        [
            "training.stop='either'",
            "outcome.diverged_above=0.5",
            "validation={inputs=[[1, 2]], targets=[[0, 1]]}",
        ],
        "5e8e12e5ae978a57201cab3a3bbacda6050d3cd4aad94d53946c2a497637f78b",
    ),
    (
        "float32",
        ["initial.direction=[1, 2]", "initial.along=[0.5, -2]"],
        "ce982956d8c84f77a0b14c04b3e9ad542368fdcd22e79f38ce99544ff2b35a0d",
    ),
]


@pytest.mark.quick(*(f"*-edits{row}-*" for row in (0, 1, 13)))
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
