"""Ed25519 signatures, with keys as `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`
write them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qianchuan_guarantee.errors import UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_MADE_BY = "expected a PEM file, as `openssl genpkey -algorithm ed25519 -out KEY.pem` writes it"


@dataclass(frozen=True)
class Signer:
    """A private key, and its public key as hex."""

    key: Ed25519PrivateKey
    public_key: str

    def sign(self, content: bytes) -> str:
        """The signature, hex."""
        return self.key.sign(content).hex()


def signer(path: Path) -> Signer:
    """The private key of a file that others cannot read; a UserError names the file."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _content(path)
    _require_private(path)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except TypeError as error:
        raise UserError(f"{path}: has a passphrase; expected a key without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UserError(f"{path}: not a private key; {_MADE_BY}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{path}: not an Ed25519 key; {_MADE_BY}")
    return Signer(key, key.public_key().public_bytes_raw().hex())


def public_key(path: Path) -> str:
    """The public key of a file, hex; a UserError names the file."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(_content(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UserError(
            f"{path}: not a public key; expected a PEM file, as "
            "`openssl pkey -in KEY.pem -pubout -out PUBLIC.pem` writes it"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{path}: not an Ed25519 key")
    return key.public_bytes_raw().hex()


def pem(public_key: str) -> bytes:
    """A public key (hex) as the PEM file that `openssl` reads."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def is_signed(content: bytes, signature: str, public_key: str) -> bool:
    """Did the owner of the key (hex) sign this?"""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _require_private(path: Path) -> None:
    """Whoever can read a key can sign with it, and whoever can write it can put another there. A
    group may read it: so a service is given its secrets."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o027:
        raise UserError(
            f"{path}: has mode {mode:04o}; a private key is not for others to read, nor for its "
            f"group to write: chmod 600 {path}"
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
