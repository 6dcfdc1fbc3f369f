"""The two floating-point formats: their constants, thresholds and coefficients.

`benchmarks/minimax.py` makes what follows from no formula, and a test compares.
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
    sigmoid_lead: float  # see `make_sigmoid_within`
    log_tail: tuple[float, ...]  # (2 atanh(s) - 2 s) / s^3 as a polynomial in s^2
    log1p_centres: tuple[float, ...]  # see `make_log1p`
    log1p_tail: tuple[float, ...]  # (log(1 + f) - f) / f^2 on -1/31 <= f <= 1/30
    tail_above: tuple[float, ...]  # above / below = exp(a^2 / 2) Phi(-a) for a >= 0
    tail_below: tuple[float, ...]


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
            0.49999999999999606,
            0.16666666664419905,
            0.041666666693111316,
            0.008333471881254757,
            0.0013888595713362512,
        ),
        expm1_tail=(
            0.5000000000000003,
            0.16666666666666677,
            0.041666666661889395,
            0.00833333333241183,
            0.0013889092542963275,
            0.0001984155454733931,
        ),
        sigmoid_lead=float.fromhex("0x1.ec59332ec9cc3p+0"),
        log_tail=(
            0.6666666666666731,
            0.3999999999943622,
            0.28571428738335386,
            0.22222198938273507,
            0.18183547269790074,
            0.1531444921506772,
            0.14792262697026523,
        ),
        log1p_centres=(
            1.0,
            float.fromhex("0x1.e0f0f7b9e0611p-1"),
            float.fromhex("0x1.c45ace5028040p-1"),
            float.fromhex("0x1.aad288ce703b0p-1"),
            float.fromhex("0x1.94c72d7dd0f18p-1"),
            float.fromhex("0x1.803dee78183f8p-1"),
            float.fromhex("0x1.6dc3f6df2c699p-1"),
            float.fromhex("0x1.5d2c1865b3305p-1"),
            float.fromhex("0x1.4e0c30328c56fp-1"),
            float.fromhex("0x1.401743e963dc4p-1"),
            float.fromhex("0x1.334db3e7f9791p-1"),
            float.fromhex("0x1.27777bc4bd866p-1"),
            float.fromhex("0x1.1c7533412e56ep-1"),
            float.fromhex("0x1.124f9a5359061p-1"),
            float.fromhex("0x1.091ab5704d0fbp-1"),
            float.fromhex("0x1.0006f262888b5p-1"),
        ),
        log1p_tail=(
            -0.4999999999999956,
            0.333333333333392,
            -0.25000000005639333,
            0.19999999963692222,
            -0.16666647492137818,
            0.1428577373777168,
            -0.12524015548828132,
            0.11090524730313622,
        ),
        tail_above=(
            1.0,
            1.650844226116173,
            1.3513014632727904,
            0.7085060787048172,
            0.2610229362277114,
            0.07027810217994822,
            0.013984376992963204,
            0.00203305410114109,
            0.00020742336167970155,
            1.3502287492473469e-05,
            4.309013985167339e-07,
        ),
        tail_below=(
            2.0,
            4.897457573838077,
            5.610208711898036,
            3.9765053251311135,
            1.9422689831622,
            0.6883120258024483,
            0.1811894991196885,
            0.03557140779748238,
            0.005129956109835069,
            0.0005210133728272622,
            3.384521560089902e-05,
            1.0801096290997878e-06,
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
            1.0,
            float.fromhex("0x1.e00b8cp-1"),
            float.fromhex("0x1.c3cc8ep-1"),
            float.fromhex("0x1.aacb8cp-1"),
            float.fromhex("0x1.94528ep-1"),
            float.fromhex("0x1.802026p-1"),
            float.fromhex("0x1.6db9f2p-1"),
            float.fromhex("0x1.5d2384p-1"),
            float.fromhex("0x1.4deb06p-1"),
            float.fromhex("0x1.401ab4p-1"),
            float.fromhex("0x1.333e72p-1"),
            float.fromhex("0x1.2782c0p-1"),
            float.fromhex("0x1.1c80ecp-1"),
            float.fromhex("0x1.124ad4p-1"),
            float.fromhex("0x1.08e30cp-1"),
            float.fromhex("0x1.0003eep-1"),
        ),
        log1p_tail=(
            -0.49999994108782125,
            0.33333351068498496,
            -0.2502224338669441,
            0.19984672847011337,
        ),
        tail_above=(
            1.0000000033101577,
            0.8695149271798586,
            0.3611535083907267,
            0.0794521223525009,
            0.007957068110305058,
        ),
        tail_below=(
            2.0,
            3.3347995064342606,
            2.3830854311317626,
            0.9248863419758535,
            0.199171965363012,
            0.019945120494662433,
        ),
    ),
}
