"""The schemas that document the keys are those of the models that check them."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from ppgkd.study.schema_files import schema_files


@pytest.mark.parametrize("path", schema_files(), ids=lambda path: path.name)
def test_the_file_is_generated_from_the_models(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == schema_files()[path], "run `make schema`"


@pytest.mark.parametrize("path", schema_files(), ids=lambda path: path.name)
def test_every_key_is_described(path: Path) -> None:
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    groups = [schema]
    while groups:
        for key in groups.pop().get("properties", {}).values():
            assert len(key["description"]) > 10
            groups.append(key)
