"""A certificate authority for tests: certificates for any name, good and bad, and servers' TLS contexts."""

import ipaddress
import ssl
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """One CA; ``bundle`` is the file that makes it trusted."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._count = count()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(f"the {name} of the tests")
        self._certificate = _signed(self._name, self._key, self._name, self._key, [], ca=True)
        self._pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        self.bundle = folder / f"{name}.pem"
        self.bundle.write_bytes(self._pem)

    def folder(self) -> Path:
        """A folder of CAs as OpenSSL reads it: files are named by a hash of the subject."""
        found = self._folder / "hashed"
        found.mkdir(exist_ok=True)
        (found / f"{_subject_hash(self._pem)}.0").write_bytes(self._pem)
        return found

    def issue(
        self, *names: str, starts: timedelta = -DAY, ends: timedelta = DAY, signs_itself: bool = False
    ) -> tuple[Path, Path]:
        """The files of a certificate for these host names and addresses, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        whose = _name(names[0][:60])
        by, with_key = (whose, key) if signs_itself else (self._name, self._key)
        certificate = _signed(whose, key, by, with_key, names, starts=starts, ends=ends)
        number = next(self._count)
        chain, private = self._folder / f"{number}.pem", self._folder / f"{number}.key"
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        private.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return chain, private

    def server(
        self,
        *names: str,
        old: bool = False,
        starts: timedelta = -DAY,
        ends: timedelta = DAY,
        signs_itself: bool = False,
    ) -> ssl.SSLContext:
        """A server's context with such a certificate; ``old`` speaks TLS 1.1 at most."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(*names, starts=starts, ends=ends, signs_itself=signs_itself))
        if old:
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    whose: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: x509.Name,
    with_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    *,
    ca: bool = False,
    starts: timedelta = -DAY,
    ends: timedelta = DAY,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
    return builder.sign(with_key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _subject_hash(pem: bytes) -> str:
    """As ``openssl rehash`` names it: of the subject's canonical DER (lower case, without the outer sequence)."""
    import hashlib

    subject = x509.load_pem_x509_certificate(pem).subject
    canonical = x509.Name([x509.NameAttribute(part.oid, str(part.value).lower()) for part in subject])
    der = canonical.public_bytes()
    length = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
    digest = hashlib.sha1(der[length:]).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"
