"""The real nginx with the configuration that is shipped, on free ports, with a certificate made for the test.

with Nginx(folder, server.port) as nginx:
    nginx.ask("GET", "/livez")
"""

import http.client
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hmi.settings import PROJECT
from tests.servers import Answer, free_port
from tests.waiting import until

SHIPPED = PROJECT / "config/nginx/porosity-hmi.conf"
NAME = "hmi.example"


def executable() -> str | None:
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


class Nginx:
    """`port` answers TLS under the name hmi.example, `plain_port` leads there."""

    def __init__(self, folder: Path, target_port: int) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self.port, self.plain_port = free_port(), free_port()
        _make_certificate(folder)
        (folder / "site.conf").write_text(self._site(target_port), encoding="utf-8")
        (folder / "nginx.conf").write_text(self._surroundings(), encoding="utf-8")

    def __enter__(self) -> Self:
        command = [str(executable()), "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]
        with (self._folder / "said.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._answers, 10)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def context(self) -> ssl.SSLContext:
        """Trusts the certificate of this test and nothing else."""
        return ssl.create_default_context(cafile=str(self._folder / "hmi.crt"))

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        tls: bool = True,
    ) -> Answer:
        connection: http.client.HTTPConnection
        if tls:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=self.context(), timeout=10
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=10)
        try:
            connection.request(method, path, body, {"Host": f"{NAME}:{self.port}", **(headers or {})})
            answer = connection.getresponse()
            named = {name.lower(): text for name, text in answer.getheaders()}
            if cookies := answer.headers.get_all("Set-Cookie"):
                named["set-cookie"] = "\n".join(cookies)
            return Answer(answer.status, named, answer.read(), 0.0)
        finally:
            connection.close()

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "said.log").read_text("utf-8", "replace")
        with suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/", tls=False).status == 301
        return False

    def _site(self, target_port: int) -> str:
        """The shipped file with other ports and another certificate; nothing else is changed."""
        text = SHIPPED.read_text(encoding="utf-8")
        changes = {
            "127.0.0.1:8080": f"127.0.0.1:{target_port}",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/etc/ssl/certs/hmi.example.crt": str(self._folder / "hmi.crt"),
            "/etc/ssl/private/hmi.example.key": str(self._folder / "hmi.key"),
        }
        for before, after in changes.items():
            assert before in text
            text = text.replace(before, after)
        assert not re.search(r"/etc/", re.sub(r"#.*", "", text))
        return text

    def _surroundings(self) -> str:
        """What a distribution's nginx.conf holds around it; everything is written below the folder."""
        places = "".join(
            f"  {kind}_temp_path {self._folder / kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off;\nworker_processes 1;\npid {self._folder / 'nginx.pid'};\n"
            f"error_log {self._folder / 'error.log'};\nevents {{ worker_connections 256; }}\n"
            f"http {{\n  access_log off;\n{places}  include {self._folder / 'site.conf'};\n}}\n"
        )


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "hmi.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "hmi.key").write_bytes(key.private_bytes(*form))
