"""The JSON schema of study files: `python -m imcmoo.study.schema docs/study.schema.json`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from imcmoo.io.files import writing
from imcmoo.study.study import Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps({"$schema": DIALECT, **Study.model_json_schema()}, indent=2) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the schema to a file."""
    parser = argparse.ArgumentParser(
        prog="imcmoo.study.schema", description="Write the JSON schema of study files."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="such as docs/study.schema.json")
    with writing(parser.parse_args(argv).out) as temporary:
        temporary.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
