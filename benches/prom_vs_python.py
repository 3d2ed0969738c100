"""CPU time of the parser beside two others, in one session, on one file.

    cargo build --release -p inferguard-benches --example prom
    VENV/bin/python benches/prom_vs_python.py TARGET_DIR/release/examples/prom

VENV holds prometheus_client. The file is grown from a real page, without colons in names, since
prometheus-parse silently leaves out names with one. Rounds are interleaved and medians taken;
what counts is the ratio, for the machine's load moves all of them. CPU time is that of the
process (user and system); a run with no rounds is taken off, so that reading the file and
starting the process do not count.
"""

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from prometheus_client import parser

ROUNDS = {"events": 60, "scrape": 30, "peer": 3, "newlines": 300}


def child_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rust(binary, name, file):
    rounds = ROUNDS[name]
    start = child_seconds([binary, name, file, "0"])
    return (child_seconds([binary, name, file, str(rounds)]) - start) / rounds


def python(text):
    start = time.process_time()
    count = sum(len(family.samples) for family in parser.text_string_to_metric_families(text))
    return time.process_time() - start, count


def measure(binary, page, size, repeats):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "grown.prom")
        subprocess.run([binary, "grow", page, str(size), file], check=True, stdout=subprocess.DEVNULL)
        text = pathlib.Path(file).read_text(encoding="utf-8")
        found = {
            name: int(subprocess.run([binary, name, file, "1"], check=True, capture_output=True).stdout)
            for name in ROUNDS
        }
        times = {name: [] for name in [*ROUNDS, "prometheus_client"]}
        for _ in range(repeats):
            for name in ROUNDS:
                times[name].append(rust(binary, name, file))
            seconds, samples = python(text)
            times["prometheus_client"].append(seconds)
    # prometheus-parse ("peer") folds the buckets of a histogram into one sample.
    if len({found["events"], found["scrape"], samples}) != 1 or found["peer"] == 0:
        sys.exit(f"not all read the same samples: {found}, prometheus_client {samples}")
    megabytes = len(text.encode()) / 1e6
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n{page}, {megabytes:.1f} MB, {samples} samples")
    print(f"{'parser':20}{'MB/s':>10}{'samples/s':>14}{'events is x times as fast':>28}")
    for name, seconds in sorted(median.items(), key=lambda item: item[1]):
        ratio = seconds / median["events"]
        print(f"{name:20}{megabytes / seconds:10.1f}{samples / seconds:14.0f}{ratio:28.1f}")


def main():
    binary = sys.argv[1]
    for page in ["lmcache-0.5.6", "vllm-0.32.0", "sglang-0.5.23"]:
        measure(binary, page, 4_000_000, 3)


main()
