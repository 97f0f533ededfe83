"""What a taxonomy from elsewhere, or a stranger's repository, cannot make git do."""

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy import facade
from seedbed.taxonomy.git import command as running
from seedbed.taxonomy.git.command import NOWHERE, GitFailed, git
from seedbed.taxonomy.git.hosts import HostPolicy
from seedbed.taxonomy.git.mirrors import Mirrors, Rules
from seedbed.taxonomy.git.repositories import Repository
from seedbed.taxonomy.git.revisions import GitTree
from seedbed.taxonomy.lint.findings import errors_of
from tests.taxonomy.gardens import commit, garden, knowledge, plant
from tests.taxonomy.gardens import git as shell

INSIDE = "https://169.254.169.254/docs"
PINNED = ("-c", "http.followRedirects=false", "-c", "http.curloptResolve=example.org:{port}:127.0.0.1")


@pytest.fixture
def far(tmp_path, monkeypatch):
    """A taxonomy that is reached through the network, as far as anyone can tell; says what it names."""

    def make(repo: str) -> str:
        origin = tmp_path / "origin"
        document = {"repo": repo, "commit": "0" * 40, "patterns": ["*.md"]}
        plant(origin, {"knowledge/science/birds/qna.yaml": knowledge(document)})
        commit(garden(tmp_path / "rest"))
        commit(origin)
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{origin}.insteadOf")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://taxonomy.example/t")
        return "https://taxonomy.example/t"

    return make


@pytest.mark.parametrize("repo", [INSIDE, "https://localhost:8222/varz", "ssh://git@10.0.0.1/a"])
def test_a_far_taxonomy_does_not_lead_inside(far, cache, repo):
    found = facade.lint(far(repo), cache=cache)
    messages = [finding.message for finding in found.findings if "host of the inside" in finding.message]
    assert len(messages) == 1
    assert "SEEDBED_INTERNAL_HOSTS" in messages[0]


def test_unless_the_host_is_named(far, cache):
    rules = Rules(HostPolicy(("127.0.0.1",)))
    found = facade.lint(far("https://127.0.0.1:9/a"), cache=cache, rules=rules)
    assert any("cannot reach https://127.0.0.1:9/a" in finding.message for finding in found.findings)


def test_a_near_taxonomy_may_name_what_its_user_may(tmp_path, cache):
    document = {"repo": "https://127.0.0.1:9/a", "commit": "0" * 40, "patterns": ["*.md"]}
    root = plant(tmp_path / "near", {"knowledge/science/birds/qna.yaml": knowledge(document)})
    found = facade.lint(str(root), cache=cache)
    assert not any("inside" in finding.message for finding in found.findings)


@pytest.mark.parametrize("source", [".", "/etc", "file:///etc", INSIDE, "git@localhost:a"])
def test_callers_that_are_not_trusted_name_the_open_network_only(cache, source):
    with pytest.raises(InputError, match=r"host of the inside|is on the machine of the service"):
        facade.read(source, cache=cache, rules=Rules(trust_callers=False))


def test_callers_that_are_not_trusted_name_the_folders_that_are_opened_to_them(tmp_path, cache):
    mounted = garden(tmp_path / "mounted")
    commit(mounted)
    (mounted / "way out").symlink_to(garden(tmp_path / "private"))
    rules = Rules(trust_callers=False, folders=(mounted,))
    for source in (str(mounted), f"{mounted}@HEAD", f"file://{mounted}", f"{mounted}/."):
        assert len(facade.list_leaves(source, cache=cache, rules=rules)) == 3
    for other in (tmp_path / "private", mounted / "way out", mounted / "..", tmp_path, f"{mounted}er"):
        with pytest.raises(InputError, match="is on the machine of the service"):
            facade.read(str(other), cache=cache, rules=rules)


def test_a_taxonomy_in_such_a_folder_names_no_other(tmp_path, cache):
    private = garden(tmp_path / "private")
    document = {"repo": str(private), "commit": commit(private), "patterns": ["**/*.md"]}
    mounted = plant(tmp_path / "mounted", {"knowledge/science/birds/qna.yaml": knowledge(document)})
    assert not errors_of(facade.lint(str(mounted), cache=cache).findings)
    found = facade.lint(str(mounted), cache=cache, rules=Rules(trust_callers=False, folders=(mounted,)))
    assert any("is on this machine" in finding.message for finding in errors_of(found.findings))


@pytest.fixture
def web():
    """A server that sends everyone inside, and notes who comes."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/inside{self.path}")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_held_to_an_address_git_goes_there_and_no_further(tmp_path, web):
    port, seen = web
    held = [option.format(port=port) for option in PINNED]
    with pytest.raises(GitFailed):
        git(NOWHERE, *held, "ls-remote", "--", f"http://example.org:{port}/a", fetching=True)
    assert len(seen) == 1
    assert seen[0].startswith("/a/info/refs")


def test_a_repository_too_large_is_not_kept(tmp_path, cache):
    root = garden(tmp_path / "large")
    (root / "noise.bin").write_bytes(os.urandom(3_000_000))
    wanted = commit(root)
    mirrors = Mirrors(cache, Rules(repository_bytes=1_000_000))
    for revision, history in ((wanted, False), ("main", True)):
        with pytest.raises(GitFailed, match=r"more than 1,000,000 bytes.*SEEDBED_REPOSITORY_MAX_BYTES"):
            mirrors.commit(str(root), revision, history=history)
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < 100_000


def test_a_tree_without_end_is_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "MOST_BYTES", 1 << 20)
    shell(tmp_path, "init", "--quiet")
    root = tmp_path / ".git"
    line = f"100644 blob {git(root, 'hash-object', '-w', '--stdin', data=b'x').decode().strip()}"
    for _ in range(12):
        entries = "".join(f"{line}\tf{number}\n" for number in range(10))
        line = f"040000 tree {git(root, 'mktree', data=entries.encode()).decode().strip()}"
    with pytest.raises(GitFailed, match=r"more than 1,048,576 bytes"):
        GitTree(Repository.at(root), line.split()[2])


def test_a_repositorys_own_configuration_runs_nothing(tmp_path, cache):
    """A folder with a repository of a stranger's in it, configured to run what it likes."""
    root = garden(tmp_path / "trapped")
    commit(root)
    trace = tmp_path / "trace"
    command = f"touch {trace}; false"
    for key in (
        "core.sshCommand",
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "core.editor",
        "gpg.program",
    ):
        shell(root, "config", key, command)
    shell(root, "config", "filter.run.smudge", command)
    shell(root, "config", "filter.run.clean", command)
    shell(root, "config", "alias.ls-tree", f"!{command}")
    (root / ".gitattributes").write_text("* filter=run diff=run\n")
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = root / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
        hook.chmod(0o755)
    assert facade.list_leaves(str(root), cache=cache)
    assert facade.list_leaves(f"{root}@HEAD", cache=cache)
    assert facade.diff(str(root), "HEAD", cache=cache) is not None
    assert not trace.exists()
