"""Signatures of archives: made and verified by OpenSSH's ``ssh-keygen -Y``, with the user's key.

What is signed is a line that names the check sum of everything that the archive holds; the format
of the signature is OpenSSH's (PROTOCOL.sshsig).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from qbatch.errors import NotInstalled, UsageError
from qbatch.files import AnyPath

NAMESPACE = "qbatch-archive"
_SECONDS = 60.0
_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_GOOD = re.compile(r'Good "qbatch-archive" signature(?: for (.+?))? with (\S+) key (SHA256:\S+)')


class Signer(NamedTuple):
    """Who has signed.

    Attributes:
        key: its kind and fingerprint.
        identity: what a file of allowed signers calls it; None where nobody was asked.
    """

    key: str
    identity: str | None


def signed_text(sha256: str) -> bytes:
    """What is signed of an archive with that check sum."""
    return f"qbatch archive sha256 {sha256}\n".encode()


def default_key() -> Path:
    """The user's own key, as ssh would find it.

    Raises:
        UsageError: there is none.
    """
    for name in _KEYS:
        if (path := Path("~/.ssh").expanduser() / name).is_file():
            return path
    raise UsageError("there is no key in ~/.ssh to sign with", hint="--key FILE names one")


def sign(sha256: str, key: AnyPath) -> str:
    """The signature of an archive with that check sum.

    Raises:
        UsageError: there is no such key, or it cannot be used.
    """
    path = Path(key).expanduser()
    if not path.is_file():
        raise UsageError(f"{path}: there is no such key")
    done = _ssh_keygen(["sign", "-f", str(path), "-n", NAMESPACE], signed_text(sha256))
    if done.returncode or not done.stdout:
        raise UsageError(f"{path}: cannot be used to sign: {_said(done)}")
    return done.stdout.decode()


def verify(sha256: str, signature: str, signers: AnyPath | None = None) -> Signer:
    """Who has signed an archive with that check sum.

    Args:
        signers: a file of allowed signers, as ssh-keygen knows it; None: whoever it was.

    Raises:
        UsageError: the signature is of something else, or of somebody who is not allowed.
    """
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "signature"
        file.write_text(signature)
        own = ["-n", NAMESPACE, "-s", str(file)]
        text = signed_text(sha256)
        if signers is None:
            return _signer(_ssh_keygen(["check-novalidate", *own], text), None)
        allowed = Path(signers).expanduser()
        if not allowed.is_file():
            raise UsageError(f"{allowed}: there is no such file of signers")
        named = ["-f", str(allowed)]
        found = _ssh_keygen(["find-principals", *named, "-s", str(file)], b"")
        identity = found.stdout.decode().partition("\n")[0].strip()
        if found.returncode or not identity:
            raise UsageError(f"it is signed by nobody whom {allowed} names")
        return _signer(_ssh_keygen(["verify", *named, "-I", identity, *own], text), identity)


def _signer(done: subprocess.CompletedProcess[bytes], identity: str | None) -> Signer:
    good = _GOOD.search(done.stdout.decode(errors="replace"))
    if done.returncode or good is None:
        raise UsageError(f"its signature does not hold: {_said(done)}")
    return Signer(f"{good[2]} {good[3]}", identity)


def _ssh_keygen(arguments: list[str], text: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run it; a question for a passphrase goes to the terminal.

    Raises:
        NotInstalled: it is not here.
        UsageError: it does not end.
    """
    try:
        return subprocess.run(  # noqa: S603 - its arguments are ours and files that the user names
            ["ssh-keygen", "-Y", *arguments],  # noqa: S607 - whichever the user has
            input=text,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise NotInstalled(
            "ssh-keygen is not here: it signs archives and verifies signatures",
            hint="OpenSSH 8.2 or newer has it",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"ssh-keygen did not end in {_SECONDS:.0f} s") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = (done.stderr or done.stdout).decode(errors="replace").strip()
    return text.splitlines()[-1] if text else f"ssh-keygen ended with {done.returncode}"
