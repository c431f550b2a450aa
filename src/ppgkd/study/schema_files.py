"""Write the schemas of a study's configuration and of own recordings from their models.

python -m ppgkd.study.schema_files
"""

from __future__ import annotations

from pathlib import Path

import ppgkd
from ppgkd.datasets.own.description import DESCRIBED as OWN_FILE
from ppgkd.datasets.own.description import RecordingsDescription
from ppgkd.schema.json_schema import schema_text
from ppgkd.study.configuration import DESCRIBED as STUDY_FILE
from ppgkd.study.configuration import Configuration

PROJECT = Path(ppgkd.__file__).parents[2]


def schema_files() -> dict[Path, str]:
    """Path and text of each generated schema."""
    study = schema_text(Configuration, "A ppgkd study", "src/ppgkd/study/configuration.py")
    own = schema_text(
        RecordingsDescription, "Own recordings", "src/ppgkd/datasets/own/description.py"
    )
    return {PROJECT / STUDY_FILE: study, PROJECT / OWN_FILE: own}


if __name__ == "__main__":
    for path, text in schema_files().items():
        path.write_text(text, encoding="utf-8")
        print(path)
