"""Signed archives: who has signed what, and that nothing of it can be changed."""

import gzip
import hashlib
import json
import random
import shutil
import subprocess

import pytest

from qbatch import JobGroup, UsageError, unarchive, verify_archive
from qbatch.api import signing
from qbatch.errors import NotInstalled

from ..conftest import ANSATZ

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen signs")


def new_key(place, name):
    path = place / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key, and files of signers with it and without it."""
    place = tmp_path_factory.mktemp("keys")
    mine, other = new_key(place, "mine"), new_key(place, "other")
    for name, key in (("allowed", mine), ("others", other)):
        (place / name).write_text(f"{key.name}@lab {key.with_suffix('.pub').read_text()}")
    return place


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20, tags={"a": "b"})
        group.run(executor="serial")
        yield group


@pytest.fixture
def signed(group, keys, tmp_path):
    group.archive(tmp_path / "s.qbatch", key=keys / "mine")
    return tmp_path / "s.qbatch"


def test_who_has_signed_is_told(signed, keys):
    found = verify_archive(signed)
    assert found.key is not None
    assert found.key.startswith("ED25519 SHA256:")
    assert found.identity is None
    assert verify_archive(signed, keys / "allowed").identity == "mine@lab"
    with pytest.raises(UsageError, match="signed by nobody whom"):
        verify_archive(signed, keys / "others")


def test_what_is_not_signed_promises_integrity_and_no_more(group, keys, tmp_path):
    file = tmp_path / "plain.qbatch"
    group.archive(file)
    found = verify_archive(file)
    assert (found.key, found.identity, found.records) == (None, None, 6)
    with pytest.raises(UsageError, match="it is not signed"):
        verify_archive(file, keys / "allowed")


def test_a_signed_archive_is_read_like_any_other(signed, db):
    assert unarchive(signed, "h", db) == ("h", 2)


def test_any_byte_of_the_content_that_is_changed_is_seen(signed, tmp_path):
    """Of what is compressed; a byte of the file itself is a matter of gzip's own check sum."""
    content = gzip.decompress(signed.read_bytes())
    broken, rng = tmp_path / "broken.qbatch", random.Random(5)
    before = content.index(b'{"kind": "signature"')
    places = [*rng.sample(range(before), 300), *range(0, before, 401), before - 5]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        broken.write_bytes(gzip.compress(bytes(changed), 1))
        with pytest.raises(UsageError):
            verify_archive(broken)


def rewritten(signed, change):
    """The archive with another record, its check sum made to fit, and the signature it had."""
    lines = gzip.decompress(signed.read_bytes()).splitlines(keepends=True)
    head, *records, _, signature = lines
    records = [change(record) for record in records]
    digest = hashlib.sha256(b"".join([head, *records])).hexdigest()
    end = json.dumps({"kind": "end", "records": len(records), "sha256": digest}).encode() + b"\n"
    file = signed.with_name("forged.qbatch")
    file.write_bytes(gzip.compress(b"".join([head, *records, end, signature])))
    return file


def test_a_check_sum_that_was_made_to_fit_does_not_help(signed, keys, db):
    forged = rewritten(signed, lambda record: record.replace(b'"number": 2', b'"number": 3'))
    for signers in (None, keys / "allowed"):
        with pytest.raises(UsageError, match="its signature does not hold"):
            verify_archive(forged, signers)
    with pytest.raises(UsageError, match="its signature does not hold"):
        unarchive(forged, "h", db)


def test_only_a_signature_may_stand_behind_the_end(signed, tmp_path):
    content = gzip.decompress(signed.read_bytes())
    last = content.splitlines(keepends=True)[-1]
    for more in (last, b'{"kind": "end"}\n', b"5\n", b'{"kind": "signature", "signature": ""}\n'):
        file = tmp_path / "more.qbatch"
        file.write_bytes(gzip.compress(content + more))
        with pytest.raises(UsageError, match=r"something stands behind its end|is damaged"):
            verify_archive(file)


def test_a_key_that_cannot_sign_leaves_no_file(group, tmp_path):
    for key in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="there is no such key"):
            group.archive(tmp_path / "x.qbatch", key=key)
    wrong = tmp_path / "wrong"
    wrong.write_text("no key")
    wrong.chmod(0o600)
    with pytest.raises(UsageError, match="cannot be used to sign"):
        group.archive(tmp_path / "x.qbatch", key=wrong)
    assert not (tmp_path / "x.qbatch").exists()


def test_without_ssh_keygen_archives_are_read_and_not_verified(signed, db, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotInstalled, match="ssh-keygen is not here"):
        verify_archive(signed)
    assert unarchive(signed, "h", db) == ("h", 2)


def test_the_key_of_ssh_is_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"no key in ~/\.ssh"):
        signing.default_key()
    (tmp_path / ".ssh").mkdir()
    for name in ("id_rsa", "id_ed25519"):
        (tmp_path / ".ssh" / name).write_text("x")
        assert signing.default_key() == tmp_path / ".ssh" / name


def test_the_command_signs_and_verifies(group, keys, qbatch, tmp_path):
    qbatch.env["HOME"] = str(tmp_path)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    shutil.copy(keys / "mine", tmp_path / ".ssh" / "id_ed25519")
    qbatch("group", "archive", "g", "-o", "s.qbatch", "--sign")
    assert "signed with ED25519" in qbatch("group", "verify", "s.qbatch").stdout
    said = qbatch("group", "verify", "s.qbatch", "--signers", str(keys / "allowed")).stdout
    assert "signed by mine@lab" in said
    qbatch("group", "archive", "g", "-o", "u.qbatch")
    assert "not signed: " in qbatch("group", "verify", "u.qbatch").stdout
    refused = qbatch("group", "verify", "u.qbatch", "--signers", str(keys / "allowed"), code=2)
    assert "it is not signed" in refused.stderr
    assert "--key goes with --sign" in qbatch(
        "group", "archive", "g", "-o", "u.qbatch", "--key", "k", code=2
    ).stderr  # fmt: skip
