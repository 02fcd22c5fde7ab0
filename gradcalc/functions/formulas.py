"""Functions of other languages that a formula of ours says: a call of one is read as the formula.

A key is the function with its operands, which are called x, y and z as in the primitive table; one
with a number for an operand goes before the one with a name there.
"""

from __future__ import annotations

FORMULAS = {
    "cube(x)": "x**3",
    "inv(x)": "1/x",
    "reciprocal(x)": "1/x",
    "rsqrt(x)": "1/sqrt(x)",
    "exp10(x)": "10**x",
    "log(x, 10)": "log10(x)",
    "log(x, 2)": "log2(x)",
    "log(x, y)": "log(x)/log(y)",
    "ln(x, y)": "log(x)/log(y)",
    "logb(x, y)": "log(x)/log(y)",
    "factorial(x)": "gamma(x + 1)",
    "remainder(x, y)": "x % y",
    "fmod(x, y)": "x - y*trunc(x/y)",
    "rem(x, y)": "x - y*trunc(x/y)",
    "fma(x, y, z)": "x*y + z",
    "fdim(x, y)": "max(x - y, 0)",
    "radians(x)": "x*(pi/180)",
    "deg2rad(x)": "x*(pi/180)",
    "degrees(x)": "x*(180/pi)",
    "rad2deg(x)": "x*(180/pi)",
    "sind(x)": "sin(x*(pi/180))",
    "cosd(x)": "cos(x*(pi/180))",
    "tand(x)": "tan(x*(pi/180))",
    "asind(x)": "asin(x)*(180/pi)",
    "acosd(x)": "acos(x)*(180/pi)",
    "atand(x)": "atan(x)*(180/pi)",
    "sinpi(x)": "sin(pi*x)",
    "cospi(x)": "cos(pi*x)",
    "Eq(x, y)": "x == y",
    "Ne(x, y)": "x != y",
}
"""What stands here is of no use as a row of its own: its derivative is that of the formula."""
