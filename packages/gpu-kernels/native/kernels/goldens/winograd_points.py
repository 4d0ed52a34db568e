"""Error of Winograd's F(4x4, 3x3) in float32 by choice of points, for the comment in src/ops/winograd.rs. Needs NumPy.

The matrices follow from the points by the Cook-Toom construction, in exact fractions. Prints the largest and the root of
the mean square error of 256 channels, and that of the direct sum, all in units of the outputs' standard deviation.
"""

from fractions import Fraction as F

import numpy as np

IN, OUT, CHANNELS, PATCHES = 6, 4, 256, 200


def polynomial(roots):
    coefficients = [F(1)]
    for root in roots:
        coefficients = [F(0), *coefficients]
        for power in range(len(coefficients) - 1):
            coefficients[power] -= root * coefficients[power + 1]
    return coefficients


def matrices(points):
    points = [F(point) for point in points]
    others = [[q for q in points if q != p] for p in points]
    divisors = [np.prod([p - q for q in rest]) for p, rest in zip(points, others)]
    a = [[p**row for p in points] + [F(row == OUT - 1)] for row in range(OUT)]
    g = [[p**k / divisor for k in range(3)] for p, divisor in zip(points, divisors)] + [[F(0), F(0), F(1)]]
    b = [polynomial(rest) + [F(0)] for rest in others] + [polynomial(points)]
    return [np.array(matrix, dtype=np.float64) for matrix in (a, g, b)]


def errors(points):
    a, g, b = matrices(points)
    random = np.random.default_rng(0)
    d = random.uniform(-1, 1, (PATCHES, CHANNELS, IN, IN)).astype("f4")
    w = random.uniform(-1, 1, (CHANNELS, 3, 3)).astype("f4")
    weights = np.einsum("ij,cjk,lk->cil", g, w.astype("f8"), g).astype("f4")
    a, b = a.astype("f4"), b.astype("f4")
    patches = np.einsum("tcik,lk->tcil", np.einsum("ij,tcjk->tcik", b, d), b)
    products = np.zeros((PATCHES, IN, IN), "f4")
    for channel in range(CHANNELS):
        products += patches[:, channel] * weights[channel]
    y = np.einsum("tik,lk->til", np.einsum("ij,tjk->tik", a, products), a)
    exact, direct = np.zeros((PATCHES, OUT, OUT)), np.zeros((PATCHES, OUT, OUT), "f4")
    for row in range(3):
        for column in range(3):
            part = d[:, :, row : row + OUT, column : column + OUT]
            exact += np.einsum("tcij,c->tij", part.astype("f8"), w[:, row, column].astype("f8"))
            for channel in range(CHANNELS):
                direct += part[:, channel] * w[channel, row, column]
    spread = exact.std()
    root = lambda y: np.sqrt(((y - exact) ** 2).mean()) / spread
    return np.abs(y - exact).max() / spread, root(y), root(direct)


for points in [(0, 1, -1, 2, -2), (0, 1, -1, F(1, 2), F(-1, 2)), (0, F(3, 4), F(-3, 4), F(3, 2), F(-3, 2))]:
    print(*points, "largest %.1e, mean %.1e, direct %.1e" % errors(points))
