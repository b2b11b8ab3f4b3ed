"""Keys and tokens that are none, names of hosts that are others', and what an answer's time could tell."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from api_client import Api, is_problem, jpeg
from api_hostile_files import SECRET as CANARY
from api_hostile_files import leaks, watched

from dressform.api import clients
from dressform.api.settings import hash_key

KEYS = tuple(f"correct-horse-battery-{k}" for k in range(5))
SECRET = "a-secret-of-thirty-two-characters!"
JPEG = {"Content-Type": "image/jpeg"}
PUBLIC = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    settings: dict[str, Any] = {"jwt_key": SECRET, "jwt_audience": "dressform", "jwt_issuer": "me", "api_keys": KEYS}
    with Api(**settings, log_format="json") as running, watched(running):
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def raw(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: object, head: object, secret: bytes = SECRET.encode()) -> str:
    """A token with any head and any claims, and a signature that is right."""
    text = f"{raw(json.dumps(head).encode())}.{raw(json.dumps(claims).encode())}"
    return f"{text}.{raw(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": CANARY, "exp": time.time() + 60, "aud": "dressform", "iss": "me", **more}


HEAD = {"alg": "HS256", "typ": "JWT"}


def test_good_tokens(api: Api) -> None:
    for token in (jwt.encode(claims(), SECRET), signed(claims(), HEAD)):
        assert api.get("/v1/parts", headers=bearer(token)).status_code == 200


def bad_tokens() -> dict[str, str]:
    good = signed(claims(), HEAD)
    head, body, signature = good.split(".")
    none = {f"alg {name!r}": {**HEAD, "alg": name} for name in ("none", "None", "NONE", "nOnE", "", None, 0, [], {})}
    heads = {
        **none,
        "no alg": {"typ": "JWT"},
        "HS384 signed as HS256": {**HEAD, "alg": "HS384"},
        "RS256": {**HEAD, "alg": "RS256"},
        "critical": {**HEAD, "crit": ["b64"], "b64": False},
        "a list": [],
        "text": "HS256",
    }
    bodies = {
        "late": claims(exp=time.time() - 1),
        "never late": {name: value for name, value in claims().items() if name != "exp"},
        "exp text": claims(exp="soon"),
        "exp null": claims(exp=None),
        "exp infinite": claims(exp=float("inf")),
        "exp nan": claims(exp=float("nan")),
        "exp list": claims(exp=[9e9]),
        "not yet": claims(nbf=time.time() + 3600),
        "made later": claims(iat=time.time() + 3600),
        "for others": claims(aud="other"),
        "for nobody": claims(aud=[]),
        "by others": claims(iss="you"),
        "by a list": claims(iss=["me"]),
        "subject list": claims(sub=[1]),
        "a list": [],
        "null": None,
    }
    return {
        **{f"head: {name}": signed(claims(), value) for name, value in heads.items()},
        **{f"body: {name}": signed(value, HEAD) for name, value in bodies.items()},
        "unsigned": f"{head}.{body}.",
        "no signature": f"{head}.{body}",
        "cut signature": f"{head}.{body}.{signature[:-4]}",
        "other body": f"{head}.{raw(json.dumps(claims(sub='root')).encode())}.{signature}",
        "other key": signed(claims(), HEAD, b"x" * 32),
        "empty key": signed(claims(), HEAD, b""),
        "key from the head": signed(claims(), {**HEAD, "jwk": {"kty": "oct", "k": raw(b"x" * 32)}}, b"x" * 32),
        "key from an address": signed(claims(), {**HEAD, "jku": "https://evil.org/k", "kid": "1"}, b"x" * 32),
        "key from a path": signed(claims(), {**HEAD, "kid": "../../../dev/null"}, b""),
        "encoded twice": raw(good.encode()),
        "spaces": good.replace(".", " . "),
        "dots": "...",
        "letters": "a.b.c",
        "no JSON": f"{raw(b'{')}.{raw(b'{')}.x",
        "deep": f"{raw(b'[' * 1500)}.{raw(b'[' * 1000)}.x",
        "long": "a" * 9000,
        "long and good": signed(claims(more="x" * 5000), HEAD),
        "null bytes": f"{good}\t",
        "other alphabet": "\xff\xfe.\xff.\xff",
    }


def test_bad_tokens(api: Api) -> None:
    for name, token in bad_tokens().items():
        headers = {"Authorization": b"Bearer " + token.encode("latin-1")}
        if name == "null bytes":
            assert api.get("/v1/parts", headers=headers).status_code == 200  # blanks around a token are no part of it
            continue
        reply = api.get("/v1/parts", headers=headers)
        assert reply.status_code == 401, (name, reply.text[:100])
        is_problem(reply, "unauthorized", 401)
        assert token not in reply.text and not leaks(reply.content), name


def guessed(public: str) -> list[str]:
    """Tokens signed as if a public key were a secret."""
    secrets = (public, public.strip(), public.replace("\n", ""))
    heads = [{**HEAD, "alg": name} for name in ("HS256", "ES256", "none")]
    return [signed(claims(), head, secret.encode()) for secret in secrets for head in heads]


def test_a_public_key_is_no_secret() -> None:
    """Who knows the key that signatures are checked by cannot sign with it."""
    crypto = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    forms = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    private = crypto.generate_private_key(crypto.SECP256R1())
    told = private.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo).decode()
    with Api(jwt_key=told, jwt_algorithms=("ES256",)) as api:
        good = jwt.encode({"sub": "ann", "exp": time.time() + 60}, private, algorithm="ES256")
        assert api.get("/v1/parts", headers=bearer(good)).status_code == 200
        for token in guessed(told):
            is_problem(api.get("/v1/parts", headers=bearer(token)), "unauthorized", 401)


def test_a_public_key_that_is_set_as_a_secret_by_mistake() -> None:
    with Api(jwt_key=PUBLIC, jwt_algorithms=("HS256",)) as api:
        for token in guessed(PUBLIC):
            is_problem(api.get("/v1/parts", headers=bearer(token)), "unauthorized", 401)


def test_every_key_is_compared_whichever_fits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that neither the time nor the number of comparisons tells how near a guess was."""
    seen: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def compare(left: str, right: str) -> bool:
        seen.append((left, right))
        return real(left, right)

    monkeypatch.setattr(clients.hmac, "compare_digest", compare)
    wanted = [hash_key(key) for key in KEYS]
    for key in (KEYS[0], KEYS[4], KEYS[0][:-1], "x", "x" * 5000):
        seen.clear()
        status = api.get("/v1/parts", headers=bearer(key)).status_code
        assert status == (200 if key in KEYS else 401)
        assert [left for left, _ in seen] == wanted  # all of them, and hashes, whose likeness says nothing
        assert {right for _, right in seen} == {hash_key(key[:4096])}


def test_keys_that_are_none(api: Api) -> None:
    key = KEYS[0]
    guesses: list[list[tuple[bytes, bytes]]] = [
        [(b"authorization", value)]
        for value in (
            b"", b"Bearer", b"Bearer ", b"Basic " + key.encode(), b"Bearer  " + key.encode()[:-1], key.encode(),
            b"Bearer " + key.encode() + b"\xff", b"Bearer " + hash_key(key).encode(), b"Bearer " + b"\xff" * 300,
            b"Bearer " + key.encode() + b"," + key.encode(), b"Bearer\t" + key.encode(),
            b"Bearer " + key.encode() + b"x",
        )
    ]  # fmt: skip
    guesses += [[(b"x-api-key", key.encode()[:-1])], [(b"x-api-key", b"")], [(b"cookie", b"key=" + key.encode())]]
    for headers in guesses:
        for url in ("/v1/parts", "/v1/jobs/x", "/v1/results/x", "/v1/stages/x", "/metrics", f"/v1/parts?key={key}"):
            is_problem(api.get(url, headers=headers), "unauthorized", 401)
    for url in ("/v1/parse", "/v1/parse/batch", "/v1/avatar", "/v1/try-on", "/v1/stages", "/v1/stages/x/drape"):
        reply = api.post(url, content=jpeg(), headers=JPEG)
        is_problem(reply, "unauthorized", 401)
    for url in ("/api/parse", "/api/predict", "/upload", "/batch_parse"):
        reply = api.post(url, files={"image": jpeg()})
        assert reply.status_code == 401 and reply.json()["code"] == 401
    assert api.service.budget.held == 0  # nobody's body is read before the key is


def test_callers_without_a_subject_do_not_share(api: Api) -> None:
    """A token that names nobody is somebody's, but it is not known whose."""
    nobody = {name: value for name, value in claims().items() if name != "sub"}
    mine, theirs = signed({**nobody, "jti": "1"}, HEAD), signed({**nobody, "jti": "2"}, HEAD)
    headers = {**bearer(mine), "Prefer": "respond-async"}
    job = api.post("/v1/parse", files={"photo": jpeg(2)}, headers=headers)
    if job.status_code == 202:
        is_problem(api.get(job.headers["location"], headers=bearer(theirs)), "not-found", 404)
    else:
        is_problem(job, "unauthorized", 401)


def test_subjects_of_any_kind(api: Api) -> None:
    for sub in ("\ud800", "", "x" * 2000, "\x00", "../../etc", "a\r\nb"):
        reply = api.get("/v1/parts", headers=bearer(signed(claims(sub=sub), HEAD)))
        assert reply.status_code in (200, 401), (sub, reply.text)


HOSTS = [
    "evil.org", "127.0.0.1.evil.org", "evil.org:8000", "evil.org#127.0.0.1", "evil.org@127.0.0.1", "127.0.0.1@evil.org",
    "127.0.0.1:evil.org", "127.0.0.1:80:80", "127.0.0.1:99999999", "127.0.0.1, evil.org", "127.0.0.1 evil.org",
    "[::1]evil.org",
    "[::1].evil.org", "[::1", "[::ffff:10.0.0.1]", "localhost.evil.org", "localhost%00.evil.org", "localhost/",
    "http://localhost",
    "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0", "xn--localhost-", "localhost.", "", ":8000", "\xff", "x" * 5000,
]  # fmt: skip


def test_host_names_that_are_others() -> None:
    with Api() as api:
        for host in HOSTS:
            for url in ("/version", "/", "/static/index.html", "/v1/styles/", "/v1/parse"):
                reply = api.get(url, headers={"Host": host.encode("latin-1")})
                is_problem(reply, "host-not-allowed", 400)
                assert "evil" not in reply.text and "evil" not in str(reply.headers), "a host is repeated"
        for host in ("127.0.0.1", "localhost:1", "LOCALHOST:8000", "[::1]", "[::1]:80"):
            assert api.get("/version", headers={"Host": host}).status_code == 200


def test_no_reply_names_the_host() -> None:
    """Where any host is allowed, none of them may end up in a redirect or a cache."""
    with Api(host="0.0.0.0") as api:
        for url in ("/version/", "/v1/styles/", "/v1/parse/", "/static", "/static/js", "//version", "/openapi.json"):
            headers = {"Host": "evil.org", "X-Forwarded-Host": "evil.org", "X-Forwarded-Proto": "javascript"}
            reply = api.get(url, headers=headers)
            assert "evil.org" not in reply.text + str(reply.headers) and "location" not in reply.headers, url


def test_addresses_that_callers_claim_are_not_believed() -> None:
    with Api(rate_limit="2/minute") as api:
        statuses = [
            api.post("/v1/parse", content=jpeg(), headers={**JPEG, name: f"8.8.8.{k}"}).status_code
            for k, name in enumerate(("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP"))
        ]
        assert statuses == [200, 200, 429, 429]
