"""
Writes ONNX's backend node tests as files: `python write-node-tests.py FOLDER`, with the package onnx, which makes them (since 1.23 its
wheel has them as code alone). Tests are of the newest version of their op; those of a package before whose op has changed since are
taken from its wheel, so that older files stay tested. The layout is FOLDER/VERSION/TEST, each test as ONNX has always stored it.
"""

import io
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import onnx
from onnx.backend.test import cmd_tools
from onnx.backend.test.case import model as model_tests
from onnx.backend.test.case import node as node_tests

# The last but one generation: opset 24, and the last wheel with data whose opsets are those that exporters write today.
OLDER = "1.19.1"


def opset_of(model: bytes) -> int:
    imports = onnx.load(io.BytesIO(model), load_external_data=False).opset_import
    return next((entry.version for entry in imports if entry.domain == ""), 0)


def write_newest(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about the infinities that tests are of
        cases = node_tests.collect_testcases(None)
    model_tests.collect_testcases = lambda: cases  # what the package's own writer asks for
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        cmd_tools.generate_data(type("Arguments", (), {"output": scratch}))
        (Path(scratch) / "node").rename(folder)


def write_older(folder: Path, newest: Path) -> None:
    data = "onnx/backend/test/data/node/"
    with tempfile.TemporaryDirectory() as scratch:
        # Any wheel will do: of its files only data are read.
        choice = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--platform=manylinux2014_x86_64"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        subprocess.run([*pip, *choice, "--dest", scratch, f"onnx=={OLDER}"], check=True)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                if not (name.startswith(data) and name.endswith("/model.onnx")):
                    continue
                test = name.split("/")[-2]
                newer = newest / test / "model.onnx"
                if newer.exists() and opset_of(newer.read_bytes()) == opset_of(wheel.read(name)):
                    continue
                for part in wheel.namelist():
                    if part.startswith(f"{data}{test}/") and not part.endswith("/"):
                        target = folder / part[len(data) :]
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(wheel.read(part))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    write_newest(folder / onnx.__version__)
    write_older(folder / OLDER, folder / onnx.__version__)
    for version in sorted(folder.iterdir()):
        print(version.name, len(list(version.iterdir())))


main()
