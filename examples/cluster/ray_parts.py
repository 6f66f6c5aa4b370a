"""Runs a command of lora-subspace in parts under Ray, and puts the parts together.

    python ray_parts.py --parts 8 --out out -- regenerate my-paper/study.toml

Every machine of the cluster must see the program, the inputs and the folder OUT under the same paths. Parts
that lie in OUT already are not made again, so that a run which was stopped goes on.
"""

import argparse
import glob
import os
import subprocess
import sys
import time

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--parts", type=int, required=True, help="how many parts")
    parser.add_argument("--out", required=True, help="where parts and results go")
    parser.add_argument("--threads", type=int, default=1, help="threads, and Ray's CPUs, of a part")
    parser.add_argument("--program", default="lora-subspace", help="the program")
    parser.add_argument("--address", default=None, help="a cluster; without it one is started here")
    parser.add_argument("--cpus", type=int, default=None, help="CPUs of the cluster that is started")
    parser.add_argument("command", nargs="+", help="a command and its arguments")
    return parser.parse_args()


@ray.remote(max_retries=2)
def part(line):
    started = time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    said = done.stderr.strip().splitlines()
    return done.returncode, said[-1] if said else "", os.getpid(), time.monotonic() - started


def main():
    asked = arguments()
    command = [asked.program, *asked.command]
    if asked.address:
        ray.init(address=asked.address)
    else:
        ray.init(num_cpus=asked.cpus, include_dashboard=False, _node_ip_address="127.0.0.1")
    waiting = {}
    for number in range(1, asked.parts + 1):
        name = f"{number}-of-{asked.parts}.part"
        if glob.glob(os.path.join(glob.escape(asked.out), "parts", "*", name)):
            print(f"part {number}/{asked.parts} is there")
            continue
        more = ["--shard", f"{number}/{asked.parts}", "--out", asked.out]
        line = [*command, *more, "--threads", str(asked.threads)]
        waiting[part.options(num_cpus=asked.threads).remote(line)] = number
    failed = False
    while waiting:
        [first], _ = ray.wait(list(waiting), num_returns=1)
        number = waiting.pop(first)
        code, said, worker, seconds = ray.get(first)
        print(f"part {number}/{asked.parts}, worker {worker}, {seconds:.1f} s: {said}", flush=True)
        failed |= code != 0
    ray.shutdown()
    if failed:
        sys.exit("error: not every part could be made; run the same line again once that is mended")
    sys.exit(subprocess.run([*command, "--out", asked.out, "--merge", asked.out], check=False).returncode)


if __name__ == "__main__":
    main()
