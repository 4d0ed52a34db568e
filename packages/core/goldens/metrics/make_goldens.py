"""Writes metrics.json: inputs and expected values for packages/core/src/metrics, from independent implementations.

    python -m venv VENV && VENV/bin/pip install -r requirements.txt && VENV/bin/python make_goldens.py

Everything is seeded; running it again with the pinned versions reproduces the file. DeLong's and Obuchowski's variances
are computed here from their definitions (all m × n comparisons), since none of the packages offers them.
"""
import json
import math
from pathlib import Path

import krippendorff
import numpy as np
from scipy import interpolate, optimize, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, balanced_accuracy_score, cohen_kappa_score, roc_auc_score, roc_curve
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportion_effectsize

random = np.random.default_rng(20260324)


def kernel(positives, negatives):
    """psi(x, y) of DeLong et al. for all pairs."""
    difference = np.asarray(positives)[:, None] - np.asarray(negatives)[None, :]
    return (difference > 0) + 0.5 * (difference == 0)


def delong(positives, negatives):
    pairs = kernel(positives, negatives)
    area = pairs.mean()
    variance = pairs.mean(axis=1).var(ddof=1) / len(positives) + pairs.mean(axis=0).var(ddof=1) / len(negatives)
    z = stats.norm.ppf(0.975)
    spread = z * math.sqrt(variance)
    return {"auroc": area, "variance": variance, "low": max(0, area - spread), "high": min(1, area + spread)}


def obuchowski(positives, negatives, positive_clusters, negative_clusters):
    pairs = kernel(positives, negatives)
    area = pairs.mean()
    v10, v01 = pairs.mean(axis=1), pairs.mean(axis=0)
    m, n = pairs.shape
    clusters = sorted(set(positive_clusters) | set(negative_clusters))
    s10 = s01 = s11 = 0.0
    for cluster in clusters:
        mine = [i for i, c in enumerate(positive_clusters) if c == cluster]
        others = [j for j, c in enumerate(negative_clusters) if c == cluster]
        up = v10[mine].sum() - len(mine) * area
        down = v01[others].sum() - len(others) * area
        s10, s01, s11 = s10 + up * up, s01 + down * down, s11 + up * down
    count10, count01, count = len(set(positive_clusters)), len(set(negative_clusters)), len(clusters)
    s10 *= count10 / ((count10 - 1) * m)
    s01 *= count01 / ((count01 - 1) * n)
    s11 *= count / (count - 1)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def equal_error_rate(labels, scores):
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    # The curve by its own length, since FPR stands still on vertical steps and cannot be interpolated over.
    steps = np.arange(len(fpr))
    along_fpr, along_tpr = interpolate.interp1d(steps, fpr), interpolate.interp1d(steps, tpr)
    at = optimize.brentq(lambda s: along_fpr(s) - 1 + along_tpr(s), 0, len(fpr) - 1, xtol=1e-14, rtol=1e-14)
    return float(along_fpr(at))


def scores_case(name, positives, negatives):
    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    scores = np.r_[positives, negatives]
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    decided = scores > 0.5
    case = {
        "name": name,
        "positives": list(positives),
        "negatives": list(negatives),
        "auroc": roc_auc_score(labels, scores),
        "averagePrecision": average_precision_score(labels, scores),
        "delong": delong(positives, negatives),
        "equalErrorRate": equal_error_rate(labels, scores),
        "accuracy": accuracy_score(labels, decided),
        "balancedAccuracy": balanced_accuracy_score(labels, decided),
        "fixedFpr": [],
    }
    assert abs(case["auroc"] - case["delong"]["auroc"]) < 1e-12
    for target in (0.01, 0.05, 0.1):
        allowed = fpr <= target
        case["fixedFpr"].append({"target": target, "attained": fpr[allowed].max(), "truePositiveRate": tpr[allowed].max()})
    if len(scores) <= 60:
        case["roc"] = {"fpr": fpr.tolist(), "tpr": tpr.tolist()}
    return case


def detection():
    normal = random.normal
    sigmoid = lambda x: 1 / (1 + np.exp(-x))
    return [
        scores_case("separated a little", sigmoid(normal(1, 1, 120)), sigmoid(normal(-0.5, 1, 150))),
        scores_case("heavy ties", np.round(sigmoid(normal(0.8, 1.2, 200)), 1), np.round(sigmoid(normal(-0.3, 1.2, 170)), 1)),
        scores_case("few distinct values", random.choice([0.0, 0.5, 1.0], 40, p=[0.2, 0.3, 0.5]), random.choice([0.0, 0.5, 1.0], 20, p=[0.5, 0.3, 0.2])),
        scores_case("worse than chance", sigmoid(normal(-1, 1, 30)), sigmoid(normal(0.2, 1, 25))),
        scores_case("no signal, unbalanced", random.random(15), random.random(300)),
        scores_case("thousandths", np.round(random.beta(4, 2, 250), 3), np.round(random.beta(2, 3, 200), 3)),
    ]


def clustered_scores():
    clusters = [f"c{i}" for i in range(12)]
    shift = dict(zip(clusters, random.normal(0, 1, 12)))
    positive_clusters = list(random.choice(clusters, 60))
    negative_clusters = list(random.choice(clusters[3:], 50))
    positives = [round(shift[c] + random.normal(0.7, 1), 2) for c in positive_clusters]
    negatives = [round(shift[c] + random.normal(0, 1), 2) for c in negative_clusters]
    return {
        "positives": positives, "negatives": negatives,
        "positiveClusters": positive_clusters, "negativeClusters": negative_clusters,
        "variance": obuchowski(positives, negatives, positive_clusters, negative_clusters),
        # Every score its own cluster: Obuchowski's variance is then DeLong's.
        "delongVariance": delong(positives, negatives)["variance"],
    }


def wilson():
    cases = [(0, 10), (10, 10), (1, 10), (3, 7), (50, 100), (17, 1184), (994, 1000), (280, 11840), (1, 1), (0, 1)]
    return [
        {"successes": s, "trials": n, "confidence": c, **dict(zip(("low", "high"), map(float, proportion_confint(s, n, alpha=1 - c, method="wilson"))))}
        for s, n in cases for c in (0.9, 0.95, 0.99)
    ]


def normal_law():
    points = [-37, -20, -8.5, -5, -3, -2.5, -2.49, -1.96, -1, -0.1, 0, 1e-8, 0.5, 1.2, 2.4, 2.6, 4, 7.9]
    shares = [1e-300, 1e-100, 1e-16, 1e-6, 0.001, 0.02425, 0.025, 0.1, 0.3, 0.5, 0.7, 0.975, 0.995, 0.999999]
    return {
        "cdf": [[z, float(stats.norm.cdf(z))] for z in points],
        "quantile": [[p, float(stats.norm.ppf(p))] for p in shares],
    }


def agreement():
    cohen = []
    for categories, size, agree in ((["safe", "unsafe"], 200, 0.8), (["safe", "unsafe"], 150, 0.1), (["a", "b", "c", "d"], 120, 0.5)):
        weights = random.dirichlet(np.ones(len(categories)))
        first = random.choice(categories, size, p=weights)
        second = np.where(random.random(size) < agree, first, random.choice(categories, size))
        cohen.append({"first": first.tolist(), "second": second.tolist(), "kappa": cohen_kappa_score(first, second)})
    codes = np.where(random.random((80, 4)) < 0.6, random.integers(0, 3, (80, 1)), random.integers(0, 3, (80, 4)))
    table = np.stack([(codes == k).sum(axis=1) for k in range(3)], axis=1)
    holes = np.where(random.random((80, 4)) < 0.35, np.nan, codes.astype(float))
    # Krippendorff's own published example ("Computing Krippendorff's Alpha-Reliability", 2011, data C): nominal alpha 0.743.
    published = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    published_array = np.array([[np.nan if v is None else v for v in row] for row in published], dtype=float)
    by_item = lambda array: [[None if np.isnan(v) else str(int(v)) for v in row] for row in array]
    alpha = lambda by_judge: float(krippendorff.alpha(reliability_data=by_judge, level_of_measurement="nominal"))
    return {
        "cohen": cohen,
        "fleiss": {"labels": [[str(v) for v in row] for row in codes.tolist()], "kappa": float(fleiss_kappa(table, method="fleiss"))},
        "krippendorff": [
            {"labels": by_item(holes), "alpha": alpha(holes.T)},
            {"labels": by_item(published_array.T), "alpha": alpha(published_array)},
        ],
    }


def corrections():
    families = [[0.01, 0.04, 0.03, 0.005], [0.5], [0.02, 0.02, 0.02], [0.0, 1.0, 0.2, 0.2, 1e-12], np.round(random.random(25) ** 3, 6).tolist()]
    pairs = [(0, 0), (0, 1), (5, 5), (1, 9), (3, 17), (120, 80), (1000, 1100), (6000, 5700), (2, 5000)]
    return {
        "holm": [{"pValues": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in families],
        "mcnemar": [{"first": b, "second": c, "pValue": 1.0 if b + c == 0 else float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)} for b, c in pairs],
    }


def sign_flips():
    cases = []
    for differences in (np.round(random.normal(0.15, 0.3, 12), 1), np.round(random.normal(0, 0.3, 9), 1), np.array([0.3, 0.2, 0.1, 0.4, 0.2, 0.1]), np.round(random.normal(0.2, 0.3, 14), 4)):
        # In tenths or less, as integers, so that ties are exact in the reference.
        whole = np.round(differences * 10000).astype(np.int64)
        result = stats.permutation_test((whole,), lambda x, axis: np.abs(x.sum(axis=axis)), permutation_type="samples", n_resamples=np.inf, alternative="greater", vectorized=True)
        cases.append({"differences": differences.tolist(), "pValue": float(result.pvalue)})
    h = [[a, b, float(proportion_effectsize(a, b))] for a, b in ((0.613, 0.28), (0, 1), (0.5, 0.5), (0.01, 0.2))]
    return {"cases": cases, "cohenH": h}


def logistic():
    cases = []
    for c, size, separable in ((1.0, 150, False), (10.0, 80, False), (0.1, 60, True)):
        features = np.c_[random.normal(0, 1, size), random.normal(300, 50, size), random.integers(0, 2, size), np.full(size, 7.0)]
        logit = 1.2 * features[:, 0] - 0.02 * (features[:, 1] - 300) + 0.7 * features[:, 2] - 0.4
        labels = (logit > 0).astype(int) if separable else (random.random(size) < 1 / (1 + np.exp(-logit))).astype(int)
        features = np.round(features, 4)
        scaled = StandardScaler().fit_transform(features)
        model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-14, max_iter=1000).fit(scaled, labels)
        cases.append({
            "penalty": 1 / c, "features": features.tolist(), "labels": labels.tolist(),
            "intercept": float(model.intercept_[0]), "weights": model.coef_[0].tolist(),
            "probabilities": model.predict_proba(scaled)[:8, 1].tolist(),
        })
    return cases


def generator_streams():
    mask64, mask32 = 2**64 - 1, 2**32 - 1

    def splitmix(seed):
        state = seed
        while True:
            state = (state + 0x9E3779B97F4A7C15) & mask64
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask64
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask64
            yield z ^ (z >> 31)

    rotate = lambda x, k: ((x << k) | (x >> (32 - k))) & mask32

    def xoshiro(s):
        s = list(s)
        while True:
            yield (rotate((s[1] * 5) & mask32, 7) * 9) & mask32
            t = (s[1] << 9) & mask32
            s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t
            s[3] = rotate(s[3], 11)

    take = lambda stream, count: [next(stream) for _ in range(count)]
    seeded = []
    for seed in (0, 1, 42, 2**53 - 1):
        a, b = take(splitmix(seed), 2)
        seeded.append({"seed": seed, "words": take(xoshiro([a & mask32, a >> 32, b & mask32, b >> 32]), 8)})
    return {"splitMix64": {"seed": 1234567, "words": [str(v) for v in take(splitmix(1234567), 4)]}, "fromState": take(xoshiro([1, 2, 3, 4]), 8), "seeded": seeded}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    goldens = {
        "normal": normal_law(), "wilson": wilson(), "detection": detection(), "clusteredScores": clustered_scores(), "agreement": agreement(),
        **corrections(), "signFlip": sign_flips(), "logistic": logistic(), "random": generator_streams(),
    }
    Path(__file__).with_name("metrics.json").write_text(json.dumps(plain(goldens), allow_nan=False, separators=(",", ":")) + "\n")
