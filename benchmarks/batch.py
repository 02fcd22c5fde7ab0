"""A file of points to a file of Jacobians, whole processes: gradcalc batch and what people write.

    python benchmarks/batch.py [--rows 1000000] [--large 10000000] [--write FILE]

The planar arm with three joints: (x, y, heading) by (q1, q2, q3), nine numbers a row, every one in
the shortest text that reads back exactly. Each script starts a process of its own, from CSV to CSV;
the median of three runs counts. What is not installed is reported as absent.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]

ARM = """
l1=1; l2=.7; l3=.4
x = l1*cos(q1) + l2*cos(q1+q2) + l3*cos(q1+q2+q3)
y = l1*sin(q1) + l2*sin(q1+q2) + l3*sin(q1+q2+q3)
heading = q1+q2+q3
"""

LAMBDIFY = """
import csv, sys
import sympy
q = sympy.symbols("q1:4")
a, b, c = q[0], q[0] + q[1], q[0] + q[1] + q[2]
l1, l2, l3 = 1, 0.7, 0.4
f = sympy.Matrix([
    l1*sympy.cos(a) + l2*sympy.cos(b) + l3*sympy.cos(c),
    l1*sympy.sin(a) + l2*sympy.sin(b) + l3*sympy.sin(c),
    c,
])
row = sympy.lambdify(q, list(f.jacobian(q)){options})
with open(sys.argv[1], newline="") as points, open(sys.argv[2], "w", newline="") as slopes:
    reader, writer = csv.reader(points), csv.writer(slopes)
    next(reader)
    writer.writerow([f"d{f}/d{x}" for f in ("x", "y", "heading") for x in q])
    for point in reader:
        writer.writerow(row(*map(float, point)))
"""
FASTEST = ', modules="math", cse=True'

TUNED = (
    LAMBDIFY.replace("{options}", FASTEST).split("with open")[0]
    + """
def run(points, slopes, row=row, number=float):
    reader, writer = csv.reader(points), csv.writer(slopes)
    next(reader)
    writer.writerow([f"d{f}/d{x}" for f in ("x", "y", "heading") for x in q])
    writer.writerows(row(number(x), number(y), number(z)) for x, y, z in reader)
with open(sys.argv[1], newline="") as points, open(sys.argv[2], "w", newline="") as slopes:
    run(points, slopes)
"""
)

JAX = """
import sys
import jax, jax.numpy as jnp
import numpy as np, pandas as pd
jax.config.update("jax_enable_x64", True)
def f(q):
    a, b, c = q[0], q[0] + q[1], q[0] + q[1] + q[2]
    return jnp.array([
        jnp.cos(a) + 0.7*jnp.cos(b) + 0.4*jnp.cos(c),
        jnp.sin(a) + 0.7*jnp.sin(b) + 0.4*jnp.sin(c),
        c,
    ])
points = pd.read_csv(sys.argv[1])
J = np.asarray(jax.jit(jax.vmap(jax.jacfwd(f)))(points.to_numpy()))
names = [f"d{f}/d{x}" for f in ("x", "y", "heading") for x in points.columns]
pd.DataFrame(J.reshape(len(J), 9), columns=names).to_csv(sys.argv[2], index=False)
"""

GRADCALC = f"""
import sys
from gradcalc.cli.app import main
points, slopes = sys.argv[1:3]
sys.exit(main(["batch", {ARM!r}, "--outputs", "x,y,heading", "--points", points, "-o", slopes]))
"""

SCRIPTS = {
    "gradcalc batch": (("polars",), GRADCALC),
    "gradcalc batch, without polars": ((), "import sys; sys.modules['polars'] = None" + GRADCALC),
    "csv + sympy lambdify per row": (("sympy",), LAMBDIFY.replace("{options}", "")),
    "the same with modules='math', cse=True": (("sympy",), LAMBDIFY.replace("{options}", FASTEST)),
    "tuned by hand: local names, one writerows": (("sympy",), TUNED),
    "pandas + JAX (jit, vmap, jacfwd)": (("pandas", "jax"), JAX),
}


def run(script, source, target):
    """Seconds, processor seconds and megabytes of a process whose modules are compiled already."""
    compiled = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(source.parent / "compiled")}
    environment = {**os.environ, **compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(source), str(target)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def points(path, rows):
    """Angles between -3 and 3 with all their digits."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("q1,q2,q3\n")
        for start in range(0, rows, 100_000):
            q = rng.uniform(-3, 3, (min(100_000, rows - start), 3))
            file.write("%r,%r,%r\n" * len(q) % tuple(q.ravel().tolist()))


def missing(distributions):
    absent = []
    for name in distributions:
        try:
            version(name)
        except PackageNotFoundError:
            absent.append(name)
    return absent


def compare(folder, rows, rounds):
    """(name, seconds, processor seconds, megabytes, what is missing), the scripts taking turns."""
    source = folder / "points.csv"
    points(source, rows)
    absent = {name: missing(needs) for name, (needs, _) in SCRIPTS.items()}
    there = [name for name in SCRIPTS if not absent[name]]
    found = {name: [] for name in there}
    points(folder / "few.csv", 20_000)
    for name in there:
        run(SCRIPTS[name][1], folder / "few.csv", folder / "few-out.csv")
    for _ in range(rounds):
        for name in there:
            found[name].append(run(SCRIPTS[name][1], source, folder / f"{there.index(name)}.csv"))
            print(f"{name}: {found[name][-1][0]:.2f} s", file=sys.stderr)
    require_equal([folder / f"{k}.csv" for k in range(len(there))])
    return [
        (name, *map(statistics.median, zip(*found[name], strict=True)), ())
        if name in found
        else (name, None, None, None, absent[name])
        for name in SCRIPTS
    ]


def require_equal(files):
    first = np.loadtxt(files[0], delimiter=",", skiprows=1, max_rows=1000)
    for file in files[1:]:
        other = np.loadtxt(file, delimiter=",", skiprows=1, max_rows=1000)
        np.testing.assert_allclose(other, first, rtol=1e-12, atol=1e-15, err_msg=str(file))


def report(rows, results, large, of_large):
    mine = results[0][1]
    versions = ", ".join(
        f"{name} {version(name)}"
        for name in ("polars", "sympy", "pandas", "jax")
        if not missing([name])
    )
    lines = [
        "# gradcalc batch, side by side",
        "",
        f"`python benchmarks/batch.py`: {rows:,} rows of the planar arm's Jacobian, CSV to CSV, "
        f"whole processes, medians. Python {platform.python_version()}, numpy {np.__version__}, "
        f"{versions}; {platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}.",
        "",
        "| script | seconds | of gradcalc | processor seconds | of gradcalc | resident MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, seconds, processor, megabytes, absent in results:
        if seconds is None:
            lines.append(f"| {name} | absent: {', '.join(absent)} | | | | |")
            continue
        ratios = ("", "")
        if mine:
            ratios = f"{seconds / mine:.1f} ×", f"{processor / results[0][2]:.1f} ×"
        lines.append(
            f"| {name} | {seconds:.2f} | {ratios[0]} | {processor:.2f} | {ratios[1]} "
            f"| {megabytes:.0f} |"
        )
    if of_large:
        seconds, _, megabytes = of_large
        lines += ["", f"{large:,} rows: {seconds:.1f} s, {megabytes:.0f} MB resident."]
        lines += ["", *targets(results, megabytes)]
    return "\n".join(lines) + "\n"


def targets(results, megabytes):
    """The table of what was wanted: ratios of whole processes' times, and memory."""
    mine, lines = results[0], ["| target | wanted | by the clock | by the processor | |"]
    lines.append("|---|---|---|---|---|")
    plain, quick, tuned, jax = results[2:6]
    for name, wanted, other in (
        ("plain lambdify script / gradcalc", 10, plain),
        ("lambdify with modules='math', cse=True / gradcalc", 10, quick),
        ("tuned lambdify script / gradcalc", 10, tuned),
        ("pandas + JAX / gradcalc", 1, jax),
    ):
        if other[1] is None:
            lines.append(f"| {name} | ≥ {wanted} × | absent | | |")
            continue
        clock, processor = other[1] / mine[1], other[2] / mine[2]
        worse = min(clock, processor)
        verdict = "met" if worse >= wanted else "**not met**"
        lines.append(f"| {name} | ≥ {wanted} × | {clock:.1f} × | {processor:.1f} × | {verdict} |")
    verdict = "met" if max(mine[3], megabytes) < 400 else "**not met**"
    lines.append(
        f"| resident memory | < 400 MB | {mine[3]:.0f}, {megabytes:.0f} MB | | {verdict} |"
    )
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--large", type=int, default=10_000_000, help="rows of a run for its memory alone"
    )
    parser.add_argument("--write", type=Path, help="the markdown file to write the table to")
    arguments = parser.parse_args()
    of_large = None
    with tempfile.TemporaryDirectory() as name:
        results = compare(Path(name), arguments.rows, arguments.rounds)
        if arguments.large:
            points(Path(name) / "large.csv", arguments.large)
            of_large = run(GRADCALC, Path(name) / "large.csv", Path(name) / "large-out.csv")
    text = report(arguments.rows, results, arguments.large, of_large)
    if arguments.write:
        arguments.write.write_text(text)
    else:
        print(text)
