"""Keys, permissions, versions, services, other servers: one clear error line each."""

import shutil
import ssl
import stat
import subprocess

import pytest

from rushes.errors import ItemError, ProjectError, RecipeError
from rushes.hydrus.http import Connection, Refused
from tests.hydrus.fake_http import KEY


@pytest.mark.parametrize(
    ("api", "permits"), [(68, False), (71, True), (89, False), (90, False), (97, True)]
)
def test_older_and_newer_clients(bench, fake, api, permits):
    fake.api, fake.permits_everything = api, permits
    if permits:
        fake.permissions = set()
    assert bench.push().imported == 5
    fake.archive(bench.sha256(0))
    assert bench.pull().keep == 1


def test_a_client_that_is_too_old_is_named(bench, fake):
    fake.api = 67
    with pytest.raises(ProjectError, match="speaks API version 67; Rushes needs 68"):
        bench.push()


def test_a_service_that_is_not_there_is_named(bench):
    bench.open("hydrus.tag_service=my tag")
    with pytest.raises(RecipeError, match="did you mean 'my tags'"):
        bench.push()
    bench.open("hydrus.tag_service=all known tags")  # it would say 200 and do nothing
    with pytest.raises(RecipeError, match=r"hydrus\.tag_service"):
        bench.push()


class TestKey:
    def test_it_is_read_from_a_file_that_nobody_else_can_read(self, bench, monkeypatch):
        monkeypatch.delenv("RUSHES_HYDRUS_KEY")
        with pytest.raises(ProjectError, match="there is no access key for Hydrus"):
            bench.push()
        path = bench.project.folder / "hydrus.key"
        path.write_text(KEY + "\n")
        path.chmod(0o644)
        with pytest.raises(ProjectError, match="chmod 600") as error:
            bench.push()
        assert KEY not in str(error.value)
        path.chmod(0o600)
        assert bench.push().imported == 5
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_it_is_in_no_file_of_the_project(self, bench):
        bench.push()
        bench.pull()
        for path in bench.project.folder.rglob("*"):
            if path.is_file():
                assert KEY.encode() not in path.read_bytes(), path

    def test_a_wrong_one_is_said_and_not_shown(self, bench, monkeypatch):
        monkeypatch.setenv("RUSHES_HYDRUS_KEY", "f" * 64)
        with pytest.raises(ProjectError, match="does not know this access key") as error:
            bench.push()
        assert "ffff" not in str(error.value)
        monkeypatch.setenv("RUSHES_HYDRUS_KEY", "secret")
        with pytest.raises(ProjectError, match="64 hex digits") as error:
            bench.push()
        assert "secret" not in str(error.value)

    def test_a_permission_that_is_missing_is_named(self, bench, fake):
        fake.permissions = {1, 3, 7}
        with pytest.raises(ProjectError, match='lacks the permission "edit file tags"'):
            bench.push()

    def test_one_that_sees_only_some_files_is_refused(self, bench, fake):
        for may_search in (
            "only allowing autotag this", "not allowing any tags", "no tags",
            "allowing all tags except mine", "allowing all namespaced tags",
        ):  # fmt: skip
            fake.may_search, fake.calls = may_search, []
            with pytest.raises(ProjectError, match="take the tag filter off"):
                bench.push()
            assert len(fake.calls) == 2, may_search

    def test_one_whose_filter_is_worded_anew_is_refused_when_it_matters(self, bench, fake):
        fake.may_search = "rien"
        with pytest.raises(ProjectError, match="take the tag filter off"):
            bench.push()
        fake.may_search = "all tags"  # as older clients say
        assert bench.push().imported == 5


def test_each_refusal_is_one_clear_line(bench, fake):
    for status, line in {
        401: "does not know this access key",
        419: "does not know this access key",
        509: "has used up its bandwidth",
        500: "answered 500 to /get_files/file_metadata: The file is locked",
        404: "answered 404 to /get_files/file_metadata: The file is locked",
    }.items():
        fake.refuses["/get_files/file_metadata"] = [status]
        with pytest.raises((ProjectError, ItemError), match=line) as error:
            bench.push()
        assert "\n" not in str(error.value)
    assert bench.push().imported == 5


def test_https_where_only_http_is_spoken_is_said(bench, fake):
    bench.open(f"hydrus.url={fake.url.replace('http', 'https')}")
    with pytest.raises(ProjectError, match="it may speak http, not https"):
        bench.push()


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate")
def test_https_with_a_certificate_of_its_own_is_enough(bench, fake, tmp_path):
    both = tmp_path / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-subj", "/CN=hydrus", "-keyout", both, "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    fake.certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    fake.certificate.load_cert_chain(tmp_path / "cert.pem", both)
    fake.stop()
    fake.start()
    bench.open(f"hydrus.url={fake.url}")
    assert fake.url.startswith("https:")
    assert bench.push().imported == 5
    bench.open(f"hydrus.url={fake.url.replace('https', 'http')}")
    with pytest.raises(ProjectError, match="it may speak https, not http"):
        bench.push()


def test_a_web_page_instead_of_an_answer_is_told_in_its_words(bench, fake):
    link = Connection(fake.url, KEY)
    with pytest.raises(Refused, match=r"404 to /nowhere: 404 - no such resource$"):
        link.get("/nowhere")
    link.close()
    fake.forbidden.clear()


def test_something_else_at_that_address_is_said(bench, fake):
    fake.api = "none"
    with pytest.raises(ProjectError, match="is no Hydrus client"):
        bench.push()
