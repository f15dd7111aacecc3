"""Which file system a path lies on: SQLite's WAL does not work over a network."""

from __future__ import annotations

from pathlib import Path

NETWORK = {
    "9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "pvfs2", "smb3", "smbfs", "virtiofs",
}  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


def filesystem_type(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the file system that holds a path (proc(5), mountinfo); None if unknown."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    wanted = path.resolve()
    best: tuple[int, str] | None = None
    for line in lines:
        head, separator, tail = line.partition(" - ")
        fields = head.split()
        if not separator or len(fields) < 5:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))
        # Later lines are mounted over earlier ones.
        if wanted.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), tail.split()[0])
    return best[1] if best else None


def is_network(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a path lies on a network file system, as far as can be told."""
    return filesystem_type(path, mounts) in NETWORK
