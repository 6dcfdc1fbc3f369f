"""The two floating-point formats: their constants, thresholds and coefficients.

`benchmarks/minimax.py` makes what follows from no formula; a test holds this file to it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """The constants of one floating-point format.

    `ln2_high` has so many trailing zeros that k * ln2_high is exact; `shifter` is 1.5 * 2^mantissa:
    adding it rounds to an integer, which is then found in the low bits.
    """

    mantissa: int
    bias: int
    sign: int  # the bit pattern of -0, as a signed integer
    number_code: str  # how `struct` writes a number, and an integer of the same size
    bits_code: str
    shifter: float
    ln2: float
    ln2_high: float
    ln2_low: float
    exp_low: float  # below: exp underflows to zero
    exp_high: float  # above: exp overflows to infinity
    normal_low: float  # exp is a normal number between these two
    normal_high: float
    vanishing: float  # bias * ln 2: exp(-x) taken here by powers of two is a zero
    saturation: float  # beyond: tanh is 1 in this format
    gelu_tanh_far: float  # where the sigmoid in gelu_tanh is that of normal_low
    smallest_normal: float
    largest: float
    sqrt_half_bits: int
    exp_tail: tuple[float, ...]  # (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 32
    expm1_tail: tuple[float, ...]  # the same, so that r + r^2 tail has a small relative error
    sigmoid_lead: float  # see `make_sigmoid_within` and `benchmarks/roundings.py`
    log_tail: tuple[float, ...]  # (2 atanh(s) - 2 s) / s^3 as a polynomial in s^2
    log1p_centres: tuple[float, ...]  # see `make_log1p` and `benchmarks/roundings.py`
    log1p_tail: tuple[float, ...]  # (log(1 + f) - f) / f^2 on -1/32 <= f <= 1/30
    tail_above: tuple[float, ...]  # above / below = exp(a^2 / 2) Phi(-a) for a >= 0
    tail_below: tuple[float, ...]


# fmt: off
FORMATS = {
    "float64": Format(
        mantissa=52,
        bias=1023,
        sign=-(1 << 63),
        number_code="<d",
        bits_code="<q",
        shifter=float.fromhex("0x1.8p52"),
        ln2=0.6931471805599453,
        ln2_high=float.fromhex("0x1.62e42feep-1"),
        ln2_low=float.fromhex("0x1.a39ef35793c76p-33"),
        exp_low=-746.0,
        exp_high=710.0,
        normal_low=-708.0,
        normal_high=709.0,
        vanishing=709.0895657128241,
        saturation=22.0,
        gelu_tanh_far=21.14,
        smallest_normal=float.fromhex("0x1p-1022"),
        largest=float.fromhex("0x1.fffffffffffffp1023"),
        sqrt_half_bits=0x3FE6A09E667F3BCD,
        exp_tail=(
            0.49999999999999606, 0.16666666664419905, 0.041666666693111316, 0.008333471881254757,
            0.0013888595713362512,
        ),
        expm1_tail=(
            0.5000000000000003, 0.16666666666666677, 0.041666666661889395, 0.00833333333241183,
            0.0013889092542963275, 0.0001984155454733931,
        ),
        sigmoid_lead=float.fromhex("0x1.e378e80585d01p+0"),
        log_tail=(
            0.6666666666666731, 0.3999999999943622, 0.28571428738335386, 0.22222198938273507,
            0.18183547269790074, 0.1531444921506772, 0.14792262697026523,
        ),
        log1p_centres=(
            1.0, float.fromhex("0x1.e055c1d55dd7bp-1"), float.fromhex("0x1.c3cdd113a9182p-1"),
            float.fromhex("0x1.aafe88c1c6594p-1"), float.fromhex("0x1.94721ed985337p-1"),
            float.fromhex("0x1.8008a3c497ccap-1"), float.fromhex("0x1.6de4519c93583p-1"),
            float.fromhex("0x1.5d1aac7e5db05p-1"), float.fromhex("0x1.4e30ecfe7a835p-1"),
            float.fromhex("0x1.400fb4601b061p-1"), float.fromhex("0x1.333a16201c52fp-1"),
            float.fromhex("0x1.277ad2c60bb4ep-1"), float.fromhex("0x1.1c8f3b0802401p-1"),
            float.fromhex("0x1.1258475158ebcp-1"), float.fromhex("0x1.08f222e8e5f4fp-1"),
            float.fromhex("0x1.003d15dfdd5a2p-1"),
        ),
        log1p_tail=(
            -0.4999999999999964, 0.3333333333334469, -0.25000000004899814, 0.1999999992509067,
            -0.16666649191207059, 0.14285849869423387, -0.12522916467843043, 0.11045822098652706,
        ),
        tail_above=(
            0.5, 0.8269965237382121, 0.6781630545438029, 0.35623094323580234,
            0.13150085954433766, 0.03548262220679054, 0.007077809147719316, 0.001031853394611557,
            0.0001056209854394157, 6.902828417223464e-06, 2.2142044312246265e-07,
        ),
        tail_below=(
            1.0, 2.4518776082792897, 2.8126413977118996, 1.9966477489090042, 0.9768805286562989,
            0.3468412466484549, 0.09149361163847246, 0.018005079033357498, 0.0026037757193167247,
            0.0002653075672366193, 1.730282488557245e-05, 5.550187433119422e-07,
        ),
    ),
    "float32": Format(
        mantissa=23,
        bias=127,
        sign=-(1 << 31),
        number_code="<f",
        bits_code="<i",
        shifter=float.fromhex("0x1.8p23"),
        ln2=0.6931471805599453,
        ln2_high=float.fromhex("0x1.62ep-1"),
        ln2_low=float.fromhex("0x1.0bfbe8p-15"),
        exp_low=-104.0,
        exp_high=89.0,
        normal_low=-87.0,
        normal_high=88.0,
        vanishing=88.02969193111305,
        saturation=10.0,
        gelu_tanh_far=9.98,
        smallest_normal=float.fromhex("0x1p-126"),
        largest=float.fromhex("0x1.fffffep127"),
        sqrt_half_bits=0x3F3504F3,
        exp_tail=(0.5000161537326239, 0.16666718502141237),
        expm1_tail=(0.4999999998731588, 0.16666990644181176, 0.041667588743972764),
        sigmoid_lead=float.fromhex("0x1.e7fa6ap+0"),
        log_tail=(0.6666677530616543, 0.3997764362758542, 0.2986947249868417),
        log1p_centres=(
            1.0, float.fromhex("0x1.e06cdp-1"), float.fromhex("0x1.c3e8bc0000000p-1"),
            float.fromhex("0x1.aac14c0000000p-1"), float.fromhex("0x1.9492b40000000p-1"),
            float.fromhex("0x1.8039ca0000000p-1"), float.fromhex("0x1.6dc59c0000000p-1"),
            float.fromhex("0x1.5d4f8a0000000p-1"), float.fromhex("0x1.4e09a60000000p-1"),
            float.fromhex("0x1.40454p-1"), float.fromhex("0x1.33660c0000000p-1"),
            float.fromhex("0x1.276bda0000000p-1"), float.fromhex("0x1.1cac020000000p-1"),
            float.fromhex("0x1.1252340000000p-1"), float.fromhex("0x1.0912320000000p-1"),
            float.fromhex("0x1.00040e0000000p-1"),
        ),
        log1p_tail=(
            -0.49999994628034655, 0.33333376348040306, -0.25021301820375524, 0.19945816562887073,
        ),
        tail_above=(
            0.5000000024737059, 0.4356134695143043, 0.18125309343971557, 0.039966157711506814,
            0.004017534556765262,
        ),
        tail_below=(
            1.0, 1.669111856475415, 1.1942606481183307, 0.4642387043541648, 0.10018770958539619,
            0.010070321795111777,
        ),
    ),
}
# fmt: on
