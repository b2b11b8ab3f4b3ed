"""The container files: linted, true to the code, and Caddy's part in front of the real service where Caddy is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from readme_blocks import ROOT, read
from test_api_server import Served

from dressform.api.settings import Settings

yaml = pytest.importorskip("ruamel.yaml", reason="needs check-jsonschema, which brings it")

CADDY = shutil.which("caddy")
NAMES = {"DRESSFORM_" + name.upper() for name in Settings.model_fields}


# ---- Containerfile --------------------------------------------------------------------------------------------------

KNOWN = re.findall(r"\w+", "ARG FROM WORKDIR COPY RUN USER ENV EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD")


def steps() -> list[tuple[str, str]]:
    """Instructions of the Containerfile and what follows them, with continued lines put together."""
    lines = [line for line in read("Containerfile").splitlines() if line.strip() and not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in text.splitlines())]


def final() -> dict[str, str]:
    """Instructions of the stage that becomes the image."""
    rows = steps()
    last = max(k for k, (word, _) in enumerate(rows) if word == "FROM")
    assert len({word for word, _ in rows[last:]}) == len(rows[last:]), "an instruction stands twice"
    return dict(rows[last:])


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(final()["ENV"].replace("$PATH", "PATH")))


def test_the_containerfile_is_sound() -> None:
    rows = steps()
    assert {word for word, _ in rows} <= set(KNOWN)
    bases = [rest.split() for word, rest in rows if word == "FROM"]
    assert len(bases) == 2 and all(base[0] == "docker.io/library/python:${PYTHON}" for base in bases)
    default = next(rest for word, rest in rows if word == "ARG")
    assert re.fullmatch(r"PYTHON=3\.\d+-slim-\w+", default), "the base has a version of its own"
    assert not any(word == "ADD" or "curl" in rest or "sudo" in rest or "apt" in rest for word, rest in rows)
    assert not re.search(r"(?i)(password|token|secret|api_key)s?=", read("Containerfile"))
    for word, rest in rows:
        if word == "RUN" and "pip install" in rest:
            assert "--no-cache-dir" in rest


def test_the_image_runs_as_nobody_special() -> None:
    stage = final()
    user, _, group = stage["USER"].partition(":")
    assert int(user) >= 1000 and int(group) >= 1000  # numbers, so that Kubernetes can check them
    assert int(stage["EXPOSE"]) == int(environment()["DRESSFORM_PORT"])
    assert stage["COPY"].startswith("--from=build ")
    for name in ("ENTRYPOINT", "CMD"):
        assert stage[name].startswith("["), "a shell in between would not pass signals on"
    assert stage["STOPSIGNAL"] == "SIGTERM"


def test_its_settings_exist() -> None:
    known = NAMES | {"DRESSFORM_OFFLINE"}
    found = environment()
    assert {name for name in found if name.startswith("DRESSFORM_")} <= known
    settings = Settings(**{k.removeprefix("DRESSFORM_").lower(): v for k, v in found.items() if k in NAMES})  # type: ignore[arg-type]
    assert settings.host == "0.0.0.0" and not settings.hosts
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"  # the root may be read-only


def test_what_goes_into_the_image() -> None:
    """The ignore file lets in what a wheel is built from, and nothing else."""
    lines = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert taken == {"pyproject.toml", "README.md", "LICENSE", "api", "assets", "avatar", "parsing", "tryon"}
    assert all((ROOT / name).exists() for name in taken)
    assert next(rest for word, rest in steps() if word == "COPY") == ". ."


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_health_check_works(tmp_path: Path) -> None:
    checks = [re.search(r"CMD \[(.+)\]", final()["HEALTHCHECK"])[1]]  # type: ignore[index]
    checks.append(", ".join(f'"{word}"' for word in compose()["services"]["dressform"]["healthcheck"]["test"][1:]))
    assert checks[0] == checks[1]
    python, _, code = re.findall(r'"([^"]*)"', checks[0])
    assert python == "python" and "http://127.0.0.1:8000/" in code
    served = Served(tmp_path, allowed_hosts="try.example.org,127.0.0.1")
    try:
        command = [sys.executable, "-c", code.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")]
        assert subprocess.run(command, timeout=60, capture_output=True).returncode == 0
        served.stop()
        assert subprocess.run(command, timeout=60, capture_output=True).returncode != 0
    finally:
        served.process.kill()
        served.process.wait(10)


# ---- compose.yaml ---------------------------------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.YAML(typ="safe", pure=True).load(read("compose.yaml"))
    return found


def test_compose_follows_its_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_compose_and_the_files_that_it_names() -> None:
    services = compose()["services"]
    build = services["dressform"]["build"]
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    for volume in services["caddy"]["volumes"]:
        source = volume.split(":")[0]
        assert (ROOT / source).is_file() if source.startswith(".") else source in compose()["volumes"]
    told = services["dressform"]["environment"]
    assert set(told) <= NAMES
    assert told["DRESSFORM_FORWARDED_ALLOW_IPS"] == compose()["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    names = {name for name in re.findall(r"\bDRESSFORM_[A-Z_]+", read("compose.yaml"))}
    assert names <= NAMES | {"DRESSFORM_DOMAIN"}


def test_compose_gives_no_more_than_is_needed() -> None:
    found = compose()
    service, caddy = found["services"]["dressform"], found["services"]["caddy"]
    for one in (service, caddy):
        assert one["read_only"] is True and one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
    assert "ports" not in service and service["networks"] == ["inside"], "only Caddy can be reached"
    assert found["networks"]["inside"]["internal"] is True, "the service can call nobody"
    assert service["mem_limit"] == service["memswap_limit"], "no swap"
    assert service["ulimits"]["core"] == 0 and "cap_add" not in service
    seconds = int(service["stop_grace_period"].removesuffix("s"))
    assert seconds > Settings.model_fields["grace"].default + 5


def test_compose_settings_are_valid_as_they_stand() -> None:
    def filled(text: str) -> str:
        return re.sub(r"\$\{\w+(?::-([^}]*))?\}", lambda match: match[1] or "", text)

    rows = compose()["services"]["dressform"]["environment"]
    values = {name.removeprefix("DRESSFORM_").lower(): filled(str(text)) for name, text in rows.items()}
    settings = Settings(**values, host="0.0.0.0")  # type: ignore[arg-type]
    assert settings.hosts == ("localhost", "127.0.0.1") and not settings.guarded and settings.workers == 2


# ---- Caddyfile ------------------------------------------------------------------------------------------------------


def test_the_caddyfile_logs_no_requests_and_takes_every_body() -> None:
    lines = [line.strip() for line in read("Caddyfile").splitlines() if not line.strip().startswith("#")]
    assert not any(line.split()[:1] == ["log"] for line in lines)
    (size,) = [int(line.split()[1].removesuffix("MB")) for line in lines if line.startswith("max_size")]
    assert size * 10**6 > Settings.model_fields["max_batch_body"].default
    service = compose()["services"]["dressform"]
    assert service and "reverse_proxy {$DRESSFORM_UPSTREAM:dressform:8000}" in lines


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[str]:
    """The service behind Caddy as the Caddyfile has it, on ports that are free."""
    if CADDY is None:
        pytest.skip("needs Caddy: apt-get install caddy")
    served = Served(
        tmp_path, allowed_hosts="localhost,127.0.0.1", forwarded_allow_ips="127.0.0.0/8,::1", rate_limit="3/hour"
    )
    https = free_port()
    ports = f"{{\n\thttp_port {free_port()}\n\thttps_port {https}\n\tskip_install_trust\n"
    file = tmp_path / "Caddyfile"
    file.write_text(re.sub(r"^\{\n", lambda _: ports, read("Caddyfile"), count=1, flags=re.MULTILINE))
    values = {**os.environ, "DRESSFORM_DOMAIN": "localhost", "DRESSFORM_UPSTREAM": f"127.0.0.1:{served.port}"}
    values |= {name: str(tmp_path) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    command = [CADDY, "run", "--config", str(file), "--adapter", "caddyfile"]
    with (tmp_path / "caddy.log").open("wb") as log:
        caddy = subprocess.Popen(command, env=values, stdout=log, stderr=log)
    try:
        yield f"https://localhost:{https}"
    finally:
        caddy.terminate()
        caddy.wait(20)
        served.process.kill()
        served.process.wait(10)


def until_answered(client: httpx.Client) -> httpx.Response:
    for _ in range(200):
        try:
            return client.get("/version")
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("Caddy does not answer")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_service_behind_caddy(proxied: str) -> None:
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with httpx.Client(base_url=proxied, verify=unchecked, timeout=60, trust_env=False) as client:
        reply = until_answered(client)
        assert reply.json()["name"] == "dressform" and "strict-transport-security" in reply.headers
        page = client.get("/")
        assert page.status_code == 200 and "script-src 'self'" in page.headers["content-security-policy"]
        # Of this site; of another one; and again and again, whatever addresses the caller makes up.
        photo = client.get("/v1/samples/couple").content
        mine = {"Origin": proxied, "Content-Type": "image/jpeg"}
        assert client.post("/v1/parse", content=photo, headers=mine).status_code == 200
        theirs = {**mine, "Origin": "https://evil.example"}
        assert client.post("/v1/parse", content=photo, headers=theirs).status_code == 403
        made_up = [client.post("/v1/parse", content=photo, headers={**mine, "X-Forwarded-For": f"203.0.113.{k}"})
                   for k in range(3)]  # fmt: skip
        assert [one.status_code for one in made_up] == [200, 200, 429]
