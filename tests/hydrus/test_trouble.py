"""Kills, crashes, restarts, busy clients: one clear error line, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from rushes import cli, files
from rushes.errors import ProjectError
from rushes.hydrus import http
from tests.hydrus import fake_http
from tests.hydrus.fake_client import FakeHydrus
from tests.hydrus.fake_http import KEY

FEW = ("select.main.motion.speed=top 34%", "hydrus.scores=[]")


class Killed(BaseException):
    """An exception that no code of the project catches."""


@pytest.fixture
def few(bench):
    """Two clips, one of them with a caption and a tag."""
    bench.open(*FEW).select()
    clips = bench.catalog.selections.newest("main")[0].clips
    assert len(clips) == 2
    bench.decide(clips[0], caption="a boat", tags={"add": ["boat"]})
    bench.push()
    bench.undisturbed = bench.fake.state()
    bench.calls = len(bench.fake.calls)
    paths = [path for path, _ in bench.fake.calls]
    bench.first_import = paths.index("/add_files/add_file") + 1
    bench.begun = bench.catalog.verdicts.since()
    return bench


def use_new_ledger(few, name):
    """Empty the client, and use a new ledger."""
    few.fake.files, few.fake.calls, few.fake._disk = {}, [], {}
    few.fake.on_call = None
    few.open(*FEW, f"hydrus.client={name}")


def check_complete(few):
    """Check that a repeated push and pull complete the state and store no decision."""
    few.fake.on_call = None
    few.pull()
    assert few.catalog.verdicts.since() == few.begun
    few.push()
    assert few.fake.state() == few.undisturbed
    few.pull()
    assert few.catalog.verdicts.since() == few.begun
    writes = len(few.fake.writes())
    few.push()
    assert len(few.fake.writes()) == writes
    assert few.project.failures() == []


@pytest.fixture
def push_until(few, monkeypatch):
    """Push until a request, and die before it is sent or after it is answered."""

    def push(call, when="after"):
        once, made = http.Connection._once, [0]

        def dying(self, *request):
            made[0] += 1
            if made[0] > call or (made[0] == call and when == "before"):
                raise Killed  # the other importer goes no further either
            answer = once(self, *request)
            if made[0] == call:
                raise Killed
            return answer

        monkeypatch.setattr(http.Connection, "_once", dying)
        with pytest.raises(Killed):
            few.push()
        monkeypatch.setattr(http.Connection, "_once", once)

    return push


@pytest.mark.parametrize(("when", "first"), [("before", 1), ("after", 2)])
def test_killed_at_any_request_the_next_push_ends_alike(few, push_until, when, first):
    for call in range(first, few.calls + 1, 2):  # half of them each way: it takes a second a kill
        use_new_ledger(few, f"{when}{call}")
        push_until(call, when)
        check_complete(few)


@pytest.mark.parametrize("call", [5, 6])  # reading the state, writing the note
def test_killed_while_a_text_changes_it_knows_its_own_words(few, push_until, call):
    clip = few.catalog.selections.newest("main")[0].clips[0]
    note = few.fake.files[few.catalog.hydrus.files()[clip]]["notes"]
    few.decide(clip, caption="a dinghy")
    push_until(call)
    assert (note["rushes caption"] == "a dinghy") == (call == 6)
    few.decide(clip, caption="a ferry")
    assert few.pull().captions == 0
    assert few.push().notes == 1
    assert note["rushes caption"] == "a ferry"
    assert few.catalog.verdicts.current()[clip].caption == "a ferry"


def test_a_crash_that_loses_anything_loses_nothing_for_good(few):
    for call in range(1, few.calls + 1):
        use_new_ledger(few, f"crash{call}")
        few.fake.on_call = lambda number, call=call: number == call and few.fake.commit()
        few.push()
        few.fake.crash()
        few.fake.start()
        check_complete(few)


def test_what_was_lost_in_a_crash_is_no_persons_doing(few):
    use_new_ledger(few, "lost")
    few.push()
    few.fake.crash()
    few.fake.start()
    assert few.pull().lost == 2
    assert few.catalog.verdicts.since() == few.begun
    assert few.push().imported == 2


def test_a_new_text_lost_in_a_crash_is_sent_again(few):
    fake, clip = few.fake, few.catalog.selections.newest("main")[0].clips[0]
    fake.commit()
    few.decide(clip, caption="a dinghy")
    few.push()
    fake.crash()
    fake.start()
    assert few.pull().captions == 0
    assert few.push().notes == 1
    assert [row["notes"].get("rushes caption") for row in fake.files.values()].count(
        "a dinghy"
    ) == 1


def test_with_the_permission_to_commit_an_old_text_is_a_persons(few):
    fake, clip = few.fake, few.catalog.selections.newest("main")[0].clips[0]
    fake.permissions.add(6)
    few.decide(clip, caption="a dinghy")
    few.push()
    assert fake._disk == fake.files
    fake.note(few.catalog.hydrus.files()[clip], "a boat")
    assert few.pull().captions == 1
    assert few.catalog.verdicts.current()[clip].caption == "a boat"


def test_a_restart_in_the_middle_is_waited_for(few):
    fake = few.fake
    for call in range(5, few.calls, 6):
        use_new_ledger(few, f"restart{call}")

        def restart(number, call=call):
            if number == call:
                fake.stop()
                threading.Timer(0.03, fake.start).start()

        fake.on_call = restart
        few.push()
        assert fake.state() == few.undisturbed


def test_a_client_that_goes_away_for_good_is_one_line(few):
    use_new_ledger(few, "gone")
    few.fake.on_call = lambda number: number == 8 and few.fake.stop()
    with pytest.raises(ProjectError, match=r"is unreachable.*finished work is kept"):
        few.push()
    with pytest.raises(ProjectError, match="no Hydrus client answers at"):
        few.push()
    few.fake.start()
    check_complete(few)


def test_a_kept_connection_that_was_closed_is_opened_again(few, monkeypatch):
    use_new_ledger(few, "idle")
    few.fake.closes_idle_after_s = 0.02
    monkeypatch.setattr(http, "RETRY_DELAYS_S", ())  # without any retry
    once = http.Connection._once

    def slow(self, *request):
        time.sleep(0.04)
        return once(self, *request)

    monkeypatch.setattr(http.Connection, "_once", slow)
    few.push()
    assert few.fake.state() == few.undisturbed


def test_a_busy_client_is_waited_for_and_then_named(few):
    use_new_ledger(few, "busy")
    few.fake.busy = 3
    few.push()
    assert few.fake.state() == few.undisturbed
    few.fake.busy = 1000
    with pytest.raises(ProjectError, match=r"it is busy .This server is busy"):
        few.pull()


def test_waiting_is_said_once_and_so_is_its_end(few, monkeypatch):
    lines = []
    use_new_ledger(few, "told")
    monkeypatch.setattr(few.project.context.runner.reporter, "line", lines.append)
    few.fake.busy = 3
    few.push()
    assert [line.split(": ")[-1] for line in lines] == [
        "it is busy (This server is busy, please try again later.); waiting for it, up to 0 s",
        "the Hydrus client answers again",
    ]


def test_an_import_that_outlasts_patience_is_made_again(few, monkeypatch):
    use_new_ledger(few, "slow")
    monkeypatch.setattr(http, "TIMEOUT_S", 0.3)
    few.fake.on_call = lambda number: number == few.first_import and time.sleep(0.5)
    few.push()
    few.fake.on_call = None
    assert few.fake.state() == few.undisturbed


def test_ctrl_c_does_not_wait_for_a_client_that_is_not_there(few, monkeypatch):
    use_new_ledger(few, "ctrl-c")
    monkeypatch.setattr(http, "RETRY_DELAYS_S", (40,))
    stop = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))

    def go_away(number):
        if number == few.first_import:
            few.fake.stop()
            stop.start()

    few.fake.on_call = go_away
    began = time.monotonic()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in a shell's background
    try:
        with pytest.raises(KeyboardInterrupt):
            few.push()
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 20
    few.fake.start()
    check_complete(few)


def test_a_key_that_is_taken_away_in_the_middle_is_no_missing_permission(few, monkeypatch):
    use_new_ledger(few, "no key")
    few.fake.on_call = lambda number: number == 6 and monkeypatch.setattr(fake_http, "KEY", "none")
    with pytest.raises(ProjectError, match="does not know this access key"):
        few.push()


def test_a_permission_taken_away_in_the_middle_is_named(few):
    use_new_ledger(few, "taken")
    few.fake.on_call = lambda number: number == 6 and few.fake.permissions.discard(7)
    with pytest.raises(ProjectError, match='lacks the permission "edit file notes"'):
        few.push()
    few.fake.permissions.add(7)
    check_complete(few)


def test_two_at_once_do_not_mix(bench):
    (bench.project.folder / "hydrus").mkdir(exist_ok=True)
    with (
        files.locked(bench.project.folder / "hydrus"),
        pytest.raises(ProjectError, match="is at work"),
    ):
        bench.pull()
    bench.pull()
    with files.locked(bench.project.folder):  # a scan is at work
        bench.push()


def start(folder, fake):
    command = [
        sys.executable, "-m", "rushes", "hydrus", "push", "--project", str(folder),
        "--workers", "0", "--set", f"hydrus.url={fake.url}", "--set", "hydrus.client=desk",
    ]  # fmt: skip
    environment = {**os.environ, "RUSHES_HYDRUS_KEY": KEY}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_kill_9_in_cutting_and_importing(uncut_bench, fake):
    """Two real kills; the tests above simulate one at every request."""
    bench = uncut_bench

    def kill_at_the_third(number):
        if [path for path, _ in fake.calls].count("/add_files/add_file") == 3:
            os.kill(process.pid, signal.SIGKILL)

    process = start(bench.folder, fake)
    end = time.monotonic() + 60
    while not list(bench.folder.glob("hydrus/*.mp4")) and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert 0 < len(list(bench.folder.glob("hydrus/*.mp4"))) <= 5
    process = start(bench.folder, fake)
    fake.on_call = kill_at_the_third
    process.communicate(timeout=90)
    assert process.returncode == -signal.SIGKILL
    fake.on_call = None
    assert bench.push().clips == 5
    other = FakeHydrus()
    bench.open(f"hydrus.url={other.url}", "hydrus.client=undisturbed")
    bench.push()
    other.stop()
    assert fake.state() == other.state()
    ledger = bench.catalog.hydrus
    told = [
        {sha256: (row.tags, row.notes, row.was_inbox) for sha256, row in ledger.bases(c).items()}
        for c in ("desk", "undisturbed")
    ]
    assert told[0] == told[1]
    left = {path.name for path in (bench.folder / "hydrus").rglob("*")} - {".parts", ".lock"}
    assert left == {f"{sha256}.mp4" for sha256 in fake.files}


class TestCommandLine:
    @pytest.fixture
    def rushes(self, bench, fake, monkeypatch, capsys):
        def call(*arguments):
            line = ["rushes", *arguments, "--project", str(bench.folder), "--workers", "0",
                    "--set", f"hydrus.url={fake.url}"]  # fmt: skip
            monkeypatch.setattr(sys, "argv", line)
            with pytest.raises(SystemExit) as stopped:
                cli.main()
            out, err = capsys.readouterr()
            return stopped.value.code, out, err

        return call

    def test_it_says_what_it_did(self, rushes, bench, fake):
        code, out, _ = rushes("hydrus", "push")
        assert code == 0
        assert "5 clips of main@1: 5 imported, 5 got tags, 5 got notes" in out
        fake.archive(bench.sha256(0))
        fake.trash(bench.sha256(1))
        code, out, _ = rushes("hydrus", "status")
        assert code == 0
        assert "Hydrus 682, API 95" in out
        assert "push would do: 5 clips of main@1: up to date" in out
        assert "left alone: 1 deleted there" in out
        assert "pull would take: 5 clips read: 1 keep, 1 drop" in out
        assert "1 keep, 1 drop" in rushes("hydrus", "pull")[1]
        assert "5 clips read: nothing new" in rushes("hydrus", "pull")[1]
        assert '"imported": 0' in rushes("hydrus", "push", "--json")[1]

    def test_errors_are_one_line_and_exit_2(self, rushes, fake, monkeypatch):
        fake.permissions = {1, 2, 3}
        code, _, err = rushes("hydrus", "push")
        assert code == 2
        assert err.count("\n") == 1
        assert 'rushes: the access key for Hydrus lacks the permission "edit file notes"' in err
        fake.stop()
        code, _, err = rushes("hydrus", "pull")
        assert (code, err.count("\n")) == (2, 1)
        assert "start it" in err

    def test_failures_exit_1_and_are_listed(self, rushes, bench, fake):
        fake.fails = True
        code, out, _ = rushes("hydrus", "push")
        assert code == 1
        assert "5 failed (rushes ls failures)" in out
        assert "Unknown filetype!" in rushes("ls", "failures", "--json")[1]

    def test_the_recipe_shows_the_settings_and_no_key(self, rushes, bench):
        out = rushes("recipe", "--set", 'hydrus.paths={"/a"="/b"}')[1]
        assert '"/a" = "/b"' in out
        assert KEY not in out
