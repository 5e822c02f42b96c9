import json
import os
import shutil
import subprocess
import sys
import tomllib

import click
import pytest

from rushes import cli
from rushes.errors import ContractError
from rushes.project import Project
from rushes.recipe import recipe
from rushes.testing import make_video

COMMON = {"--project", "--workers", "--device", "--set", "--json", "--help"}
FLAGS = {
    "caption": COMMON,
    "coverage": COMMON,
    "cut": COMMON,
    "cuts": COMMON | {"--format"},
    "dedup": COMMON,
    "doctor": {"--json", "--help"},
    "export": COMMON | {"--to"},
    "forget": COMMON,
    "hydrus": {"--help"},
    "ingest": COMMON,
    "ls": COMMON | {"--where", "--sort", "--limit"},
    "models": {"--json", "--help"},
    "recipe": COMMON,
    "report": COMMON | {"--where", "--limit"},
    "redo": COMMON,
    "review": COMMON | {"--host", "--port"},
    "run": COMMON | {"--only", "--dry-run"},
    "scan": COMMON | {"--limit"},
    "score": COMMON | {"--only", "--limit"},
    "search": COMMON | {"--like", "--limit"},
    "select": COMMON,
    "status": COMMON,
    "undo": COMMON,
    "verdict": COMMON,
}
"""Frozen: flags say where and how much. Everything else belongs in the recipe (and --set)."""

HEAVY = {
    "av", "cv2", "hypothesis", "msgspec", "multiprocessing.pool", "numpy", "onnxruntime", "pebble",
    "rich", "sqlalchemy", "tomlkit", "torch",
}  # fmt: skip


def test_the_set_of_flags_is_frozen():
    found = {
        name: {
            flag
            for option in command.params
            if isinstance(option, click.Option)
            for flag in option.opts
        }
        | {"--help"}
        for name, command in cli.cli.commands.items()
    }
    assert found == FLAGS


def test_every_command_and_option_has_help():
    for name, command in cli.cli.commands.items():
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.name}"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        f"import sys; sys.argv = ['rushes', *{arguments!r}]\n"
        "from rushes.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert stop.code == 0, stop.code\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stderr.split())
    assert "rushes" in done.stdout


def test_importing_the_library_loads_no_codec_and_no_model():
    code = "import sys, rushes.project; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"av", "cv2", "torch", "onnxruntime", "ray"} & set(done.stdout.split())


def test_python_m_rushes_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "rushes", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("rushes, version ")


def test_run_prints_what_it_did_and_what_to_do_next(rushes, footage, tmp_path):
    project = tmp_path / "p"
    flags = ["--project", project, "--workers", 0, "--set", "export.main.preset=ultrafast"]
    code, out, _ = rushes("run", footage, *flags)
    assert code == 0
    assert "ingest: 3 videos, 3 new" in out
    assert "decode passes per video: 1.00" in out
    assert "selection main@1: 5 of 6 clips" in out
    assert "export main: 5 clips" in out
    assert "5 clips without a caption: musubi-tuner keeps them (an empty .txt" in out
    assert "next: rushes review" in out
    assert len(list((project / "exports" / "main").glob("*.mp4"))) == 5
    code, out, _ = rushes("run", footage, *flags)
    assert code == 0
    assert "nothing to do" in out


def test_one_of_a_thing_is_no_plural(rushes, footage, tmp_path):
    flags = ["--project", tmp_path / "p", "--workers", 0]
    _, out, _ = rushes("run", footage / "one.mp4", *flags, "--set", "cut.min_s=15")
    assert "ingest: 1 video, 1 new" in out
    assert "1 video, 0.00 h → 2 cuts, 3 shots (3 too short) → 0 clips" in out
    _, out, _ = rushes("cut", *flags)
    assert out == "cut: 1 video done, 0 up to date, 0 failed\n"
    clip = json.loads(rushes("ls", "clips", "--limit", 1, *flags, "--json")[1])[0]["clip"]
    assert rushes("verdict", "keep", clip, *flags)[1] == "keep: 1 clip\n"
    assert rushes("undo", *flags)[1] == "undone: verdict of 1 clip\n"
    assert rushes("undo", *flags)[1] == "nothing to undo\n"


def test_run_with_json_prints_json_and_nothing_else(rushes, footage, tmp_path):
    code, out, _ = rushes(
        "run", footage, "--project", tmp_path / "p", "--workers", 0, "--only", "ingest,scan",
        "--json",
    )  # fmt: skip
    report = json.loads(out)
    assert code == 0
    assert list(report) == ["ingest", "scan", "failures", "status", "notes"]
    assert report["scan"]["done"] == 3
    assert report["status"]["decode_passes_per_video"] == 1.0


def test_run_with_failures_exits_1_and_says_how_to_try_again(rushes, films, tmp_path):
    (films / "broken.mp4").write_bytes(b"no video at all" * 99)
    code, out, _ = rushes(
        "run", films, "--project", tmp_path / "p", "--workers", 0, "--only", "ingest"
    )
    assert code == 1
    assert "1 unreadable" in out
    assert "broken.mp4" in out
    assert "again: rushes ingest" in out


def test_exit_codes_speak_of_this_run_alone(rushes, films, tmp_path):
    flags = ["--project", tmp_path / "p", "--workers", 0]
    (films / "broken.mp4").write_bytes(b"no video at all" * 99)
    assert rushes("run", films, "--only", "scan", *flags)[0] == 1
    code, out, _ = rushes("run", *flags, "--only", "scan,cut")
    assert code == 0
    assert "1 failure of earlier runs: rushes ls failures" in out
    assert "broken.mp4" not in out
    for command in (["cut"], ["score", "--only", "sharpness"], ["caption"], ["status"]):
        assert rushes(*command, *flags)[0] == 0, command
    assert "broken.mp4" in rushes("ls", "failures", *flags)[1]
    code, out, _ = rushes("forget", films / "broken.mp4", *flags)
    assert (code, out) == (0, "forgotten: 0 videos, 0 clips, 1 failure\n")
    code, out, _ = rushes("run", films, *flags, "--only", "cut", "--set", 'ingest.ignore=["bro*"]')
    assert code == 0
    assert "1 ignored" in out


def test_run_names_videos_whose_file_is_gone_or_replaced(rushes, films, tmp_path):
    flags = ["--project", tmp_path / "p", "--workers", 0]
    assert rushes("run", films, "--only", "scan,cut", *flags)[0] == 0
    (films / "one.mp4").unlink()
    shutil.copy(films / "three ö.mp4", films / "sub" / "two.mkv")
    code, out, _ = rushes("run", "--only", "scan,cut", *flags)
    assert code == 0
    assert "1 video gone" in out
    assert "1 video changed since the ingest" in out
    assert "two.mkv" in out
    code, out, _ = rushes("ls", "videos", "--json", *flags)
    assert sorted(row["file"] for row in json.loads(out)) == ["changed", "gone", "here"]


@pytest.mark.parametrize(
    "command",
    [
        ["ls", "clips"], ["ls", "cuts"], ["ls", "shots"], ["ls", "videos"], ["ls", "failures"],
        ["status"], ["recipe"], ["select"], ["scan"], ["cut"], ["score"], ["run", "--dry-run"],
        ["ls", "clips", "--where", "motion.speed > 5", "--sort", "frames", "--limit", "1"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_verb_prints_for_people_and_for_programs(rushes, project_folder, command):
    where = ["--project", project_folder, "--workers", 0]
    code, out, _ = rushes(*command, *where)
    assert (code, bool(out.strip())) == (0, True)
    code, out, _ = rushes(*command, *where, "--json")
    assert code == 0
    json.loads(out, parse_constant=pytest.fail)  # no NaN, no Infinity
    assert out.count("\n") == 1


def test_doctor_looks_at_the_machine(rushes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = rushes("doctor")
    assert code == 0
    assert "ok   codecs" in out
    code, out, _ = rushes("doctor", "--json")
    assert {"name", "ok", "found"} == set(json.loads(out)[0])


def test_dry_run_writes_nothing(rushes, project_folder, films):
    (films / "one.mp4").touch()
    make_video(films / "new.mp4", (30,))
    before = sorted(p for p in project_folder.rglob("*") if p.is_file())
    code, out, _ = rushes(
        "run", films / "new.mp4", "--project", project_folder, "--workers", 0, "--dry-run", "--json"
    )
    assert code == 0
    assert json.loads(out) == {"ingest": 1, "scan": 0, "cut": 0, "caption": 0, "score": 0}
    leftovers = {p.name for p in project_folder.rglob("*") if p.is_file()} - {
        p.name for p in before
    }
    assert leftovers <= {"catalog.db-wal", "catalog.db-shm"}


def test_the_printed_recipe_is_a_recipe_of_the_same_results(rushes, project_folder, tmp_path):
    _, out, _ = rushes("recipe", "--project", project_folder)
    (tmp_path / "printed.toml").write_text(out)
    printed = recipe.load(tmp_path / "printed.toml")
    original = recipe.load(project_folder / "recipe.toml")
    assert printed.fingerprints == original.fingerprints
    assert printed.digest == original.digest
    assert tomllib.loads(out)["cut"]["max_s"] == 20.0


def test_set_changes_the_recipe_this_once(rushes, project_folder):
    _, out, _ = rushes("recipe", "--project", project_folder, "--set", "cut.max_s=7", "--json")
    assert json.loads(out)["cut"]["max_s"] == 7
    _, out, _ = rushes("recipe", "--project", project_folder, "--json")
    assert json.loads(out)["cut"]["max_s"] == 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ls", "clip"], ["clips"]),
        (["ls", "clips", "--where", "motion.sped > 3"], ["motion.speed"]),
        (["status", "--set", "cut.max=3"], ["unknown key cut.max", "max_s"]),
        (["status", "--set", "cut.max_s=long"], ["cut.max_s"]),
        (["status", "--set", "cut"], ["a.b=value"]),
        (["run", "--only", "scn"], ["scan"]),
        (["score", "--only", "moton"], ["motion"]),
        (["select", "mian"], ["main"]),
        (["export", "mian"], ["main"]),
        (["export", "main", "--to", "foldr"], ["folder"]),
        (["cuts", "--format", "xml"], ["xml"]),
        (["report", "film.mp4"], ["film.mp4", ".html"]),
        (["report", "--where", "confidense < 1"], ["confidence"]),
        (["scan", "nothere.mp4"], ["nothere.mp4", "ingest"]),
        (["run", "nothere"], ["nothere"]),
        (["status", "--wrokers", "1"], ["--wrokers"]),
        (["statsu"], ["statsu"]),
        (["status", "--workers", "many"], ["many"]),
        (["ls", "clips", "--limit", "-1"], ["-1"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_a_person_got_wrong_exits_2_in_one_line(rushes, project_folder, arguments, words):
    where = [] if arguments == ["statsu"] else ["--project", project_folder]
    code, out, err = rushes(*arguments, *where)
    assert (code, out) == (2, "")
    assert all(word in err for word in words), err
    assert "Traceback" not in err


def test_a_wrong_recipe_names_file_key_and_nearest(rushes, project_folder):
    path = project_folder / "recipe.toml"
    path.write_text(path.read_text().replace("max_s", "max_sec"))
    code, _, err = rushes("status", "--project", project_folder)
    assert code == 2
    assert err == f"rushes: {path}: unknown key cut.max_sec (did you mean 'max_s'?)\n"


def test_no_project_here_says_how_to_start_one(rushes, tmp_path):
    code, _, err = rushes("status", "--project", tmp_path)
    assert code == 2
    assert "rushes run" in err


def test_a_bug_exits_3(rushes, project_folder, monkeypatch):
    def broken(self):
        raise ContractError("scorer/x declares a and returned b")

    monkeypatch.setattr(Project, "status", broken)
    code, _, err = rushes("status", "--project", project_folder)
    assert (code, "scorer/x" in err) == (3, True)

    monkeypatch.setattr(Project, "status", lambda self: 1 / 0)
    code, _, err = rushes("status", "--project", project_folder)
    assert code == 3
    assert "ZeroDivisionError" in err
    assert "report" in err


def test_export_to_another_format_and_folder(rushes, project_folder, tmp_path):
    code, out, _ = rushes(
        "export", "main", tmp_path / "out", "--to", "webdataset", "--project", project_folder,
        "--workers", 0, "--json",
    )  # fmt: skip
    assert code == 0
    assert (json.loads(out)["format"], json.loads(out)["clips"]) == ("webdataset", 5)
    assert (tmp_path / "out" / "00000.tar").exists()
    assert json.loads(out)["treatments"] == []


def test_an_export_tells_in_json_what_trainers_do(rushes, project_folder, tmp_path):
    code, out, _ = rushes(
        "export", "main", tmp_path / "out", "--project", project_folder, "--workers", 0, "--json",
        "--set", "export.main.preset=ultrafast",
    )  # fmt: skip
    assert code == 0
    assert {
        "clips": 5,
        "treatment": {
            "trainer": "ai-toolkit",
            "effect": "changed",
            "case": "without a caption",
            "why": "its default_caption is used where one is set",
        },
    } in json.loads(out)["treatments"]


def test_a_closed_pipe_is_quiet(project_folder):
    read_end, write_end = os.pipe()
    os.close(read_end)  # `| head` that has seen enough
    done = subprocess.run(
        [sys.executable, "-m", "rushes", "ls", "clips", "--project", str(project_folder)],
        stdout=write_end, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write_end)
    assert done.stderr == ""


def test_an_export_says_how_many_files_it_removed_and_where_they_are(rushes, project_folder):
    fast = ["--project", project_folder, "--workers", 0, "--set", "export.main.preset=ultrafast"]
    everything = ["--set", "select.main.motion.speed=top 100%", "--only", "select,export"]
    assert rushes("run", *fast, *everything)[0] == 0
    half = ["--set", "select.main.motion.speed=bottom 50%", "--only", "select,export"]
    code, out, _ = rushes("run", *fast, *half)
    assert code == 0
    assert "6 files removed" in out
    assert f"kept in {project_folder / 'exports' / 'main' / '.replaced' / '1'}" in out
    assert "nothing to do" not in out
    none = ["--set", "select.main.motion.speed=> 1000", "--only", "select,export"]
    code, out, _ = rushes("run", *fast, *none)
    assert code == 2
    assert "refused: export main: selection main has no clip" in out
    assert "nothing to do" not in out
