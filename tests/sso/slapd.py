"""A real directory, OpenLDAP's, with a few people and groups in it, and certificates of its own."""

import datetime as dt
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runyard.sso_settings import LdapSettings

BASE = "dc=example,dc=org"
SERVICE = f"cn=runyard,{BASE}"
SERVICE_PASSWORD = "the service's own"
PATIENCE_S = 30
_CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
{strict}
database mdb
suffix "{base}"
directory {folder}/db
rootdn "cn=root,{base}"
rootpw nobody-knows
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by users read by * none
"""
_PEOPLE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {SERVICE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: runyard
userPassword: {SERVICE_PASSWORD}

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: uid=mei,ou=people,{BASE}
objectClass: inetOrgPerson
uid: mei
cn: Mei Chen
sn: Chen
mail: mei@example.org
userPassword: mei's password

dn: uid=jan,ou=people,{BASE}
objectClass: inetOrgPerson
uid: jan
cn: Jan (the \\2a one)
sn: Jansen
userPassword: jan's password

dn: uid=admin,ou=people,{BASE}
objectClass: inetOrgPerson
uid: admin
cn: Another Admin
sn: Admin
userPassword: their password

dn: cn=twin one,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin
cn: twin one
sn: Twin
userPassword: twin's password

dn: cn=twin two,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin
cn: twin two
sn: Twin
userPassword: twin's password

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: cn=Makers,ou=groups,{BASE}
objectClass: groupOfNames
cn: Makers
member: uid=mei,ou=people,{BASE}
member: uid=jan,ou=people,{BASE}

dn: cn=Leads,ou=groups,{BASE}
objectClass: groupOfUniqueNames
cn: Leads
uniqueMember: uid=jan,ou=people,{BASE}
"""


@dataclass(frozen=True)
class Slapd:
    """Where the directory is, in the clear and by TLS, and whom to trust there."""

    folder: Path
    plain_url: str
    tls_url: str

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def facts(self, **other: object) -> dict[str, object]:
        """Return the settings of an installation that looks people up there."""
        own = {"url": self.tls_url, "ca_file": self.ca_file, "base": f"ou=people,{BASE}"}
        own |= {"bind_dn": SERVICE, "bind_password": SERVICE_PASSWORD, "group_base": f"ou=groups,{BASE}"}
        return {**own, **other}

    def settings(self, **other: object) -> LdapSettings:
        return LdapSettings.model_validate(self.facts(**other))


@contextmanager
def directory(folder: Path, *, strict: bool = False) -> Iterator[Slapd]:
    """Run a directory; `strict` ones take no password in the clear."""
    slapd = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if slapd is None:
        pytest.skip("needs slapd: apt-get install slapd")
    (folder / "db").mkdir(parents=True)
    _certify(folder)
    config = folder / "slapd.conf"
    strictness = "security simple_bind=128" if strict else ""
    config.write_text(_CONFIG.format(folder=folder, base=BASE, service=SERVICE, strict=strictness))
    (folder / "people.ldif").write_text(_PEOPLE)
    slapadd = [slapd, "-T", "add", "-f", str(config), "-l", str(folder / "people.ldif")]
    subprocess.run(slapadd, check=True, capture_output=True, timeout=PATIENCE_S)
    plain, secure = _free(), _free()
    found = Slapd(folder, f"ldap://127.0.0.1:{plain}", f"ldaps://127.0.0.1:{secure}")
    command = [slapd, "-f", str(config), "-h", f"{found.plain_url}/ {found.tls_url}/", "-d", "0"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await(plain, process, folder / "log")
            yield found
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(PATIENCE_S * 20):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


def _certify(folder: Path) -> None:
    """Make an authority, and a certificate for this machine."""
    now = dt.datetime.now(dt.UTC)

    def issue(name: str, signer: ec.EllipticCurvePrivateKey | None, *, authority: bool) -> ec.EllipticCurvePrivateKey:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(signer or key, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return key

    issue("server", issue("ca", None, authority=True), authority=False)
