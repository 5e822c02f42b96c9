"""`kill -9` at any moment costs seconds and changes nothing about what comes out."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rushes.project import Project
from rushes.testing import Take, make_video

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

WAIT_S = 30


PRESET = "export.main.preset=ultrafast"


def start(films, folder):
    command = [
        sys.executable, "-m", "rushes", "run", str(films), "--project", str(folder),
        "--workers", "2", "--set", PRESET,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(films, folder):
    """Run to the end, in this process: starting another one, with workers, takes seconds."""
    with Project.open(folder, create=True, workers=0, changes=[PRESET]) as project:
        project.run([films])


def below(pid):
    """Return the processes that `pid` started, and they in turn."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if fields[0] != "Z":
            parents[int(stat.parent.name)] = int(fields[1])
    found, grown = [], [pid]
    while grown:
        grown = [child for child, parent in parents.items() if parent in grown]
        found += grown
    return found


def workers(pid):
    """Return the worker processes: what the fork server, a child of the driver, has started."""
    children = below(pid)
    return [
        child
        for child in children
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1] != str(pid)
    ]


def is_alive(pid):
    """Tell whether a process runs; one that nobody has asked about since it ended does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, process=None):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def has_files(folder, pattern):
    return any(folder.glob(pattern))


def kill(process):
    """SIGKILL the driver, and wait until its workers have noticed."""
    left = below(process.pid)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(is_alive(pid) for pid in left))


def state(folder):
    """Return all that a person gets out of a project."""
    export = folder / "exports" / "main"
    manifest = json.loads((export / "rushes-export.json").read_text())
    with Project.open(folder, workers=0) as project:
        return {
            "clips": sorted(project.ls("clips"), key=lambda row: row["clip"]),
            "cuts": sorted(project.ls("cuts"), key=lambda row: (row["video"], row["pts"])),
            "failures": project.ls("failures"),
            "clips in the manifest": sorted(
                (clip for group in manifest["groups"] for clip in group["clips"]),
                key=lambda clip: clip["clip"],
            ),
            "exported": {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in export.iterdir()
                if path.name != "rushes-export.json"
            },
            "leftovers": [
                str(path.relative_to(folder))
                for pattern in ("scratch/*", "**/.parts", "**/.*.part.*")
                for path in folder.glob(pattern)
            ],
        }


def test_killing_workers_and_drivers_changes_nothing(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for number in range(3):
        takes = [
            Take(frames=120, seed=2 * number + take, pan_px=(take, 1), zoom=1.002)
            for take in range(2)
        ]
        make_video(films / f"{number}.mp4", takes)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    finish(films, undisturbed)

    process = start(films, disturbed)
    wait_for(lambda: has_files(disturbed, "scratch/*/*"), process)
    for worker in workers(process.pid)[:1]:
        os.kill(worker, signal.SIGKILL)
    # The driver replaces the worker and goes on; it is killed in the next scan.
    wait_for(lambda: has_files(disturbed, "signals/*"), process)
    wait_for(lambda: has_files(disturbed, "scratch/*/*"), process)
    kill(process)
    scanned = len(list((disturbed / "signals").glob("*.npz"))) // 3
    assert scanned < 3

    process = start(films, disturbed)
    wait_for(lambda: has_files(disturbed, "exports/main/*.mp4"), process)
    kill(process)
    assert not (disturbed / "exports" / "main" / "rushes-export.json").exists()

    finish(films, disturbed)
    found = state(disturbed)
    assert found == state(undisturbed)
    assert found["leftovers"] == []
    assert len(found["exported"]) == 2 * 5  # a video and a caption for each clip
