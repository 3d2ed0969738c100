"""Writes what prometheus_client reads in each page beside this file.

With --check: compares instead of writing, and fails where a file differs.
"""

import json
import pathlib
import sys

from prometheus_client import openmetrics, parser
import prometheus_client.openmetrics.parser

HERE = pathlib.Path(__file__).parent


def labels(mapping):
    return [[name, mapping[name]] for name in sorted(mapping)]


def sample(entry):
    row = {"name": entry.name, "labels": labels(entry.labels), "value": repr(float(entry.value))}
    if entry.timestamp is not None:
        row["timestamp"] = float(entry.timestamp)
    if entry.exemplar is not None:
        exemplar = entry.exemplar
        row["exemplar"] = {"labels": labels(exemplar.labels), "value": float(exemplar.value)}
        if exemplar.timestamp is not None:
            row["exemplar"]["timestamp"] = float(exemplar.timestamp)
    return row


def read(path):
    text = path.read_bytes().decode("utf-8")
    is_openmetrics = text.endswith("# EOF\n")
    module = openmetrics.parser if is_openmetrics else parser
    families = []
    for family in module.text_string_to_metric_families(text):
        families.append({
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "unit": family.unit,
            "samples": [sample(entry) for entry in family.samples],
        })
    return json.dumps({"families": families}, ensure_ascii=False, separators=(",", ":")) \
        .replace('{"name"', '\n{"name"') + "\n"


def main():
    stale = []
    for path in sorted(HERE.glob("*.prom")):
        target = path.with_suffix(".expected.json")
        text = read(path)
        if sys.argv[1:] == ["--check"]:
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                stale.append(target.name)
        else:
            target.write_text(text, encoding="utf-8")
    if stale:
        sys.exit("differs: " + ", ".join(stale) + "; run expected.py without --check")


main()
