#!/usr/bin/env python3
"""A terminal's end of the login, written from docs/login.md and the RFCs alone, on integers.

It computes the page's vectors again without a line of ours: OPRF(P-256, SHA-256) of RFC 9497, hashing to
the curve of RFC 9380, OPAQUE-3DH of RFC 9807, the transcript, the root, the statement's signature.
Not constant time: for checking vectors, never for signing in.

    pip install argon2-cffi && python3 crates/identity/tests/login_peer.py
"""

import hashlib
import hmac
import pathlib
import re

from argon2.low_level import Type, hash_secret_raw

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
OPRF = b"OPRFV1-\x00-P256-SHA256"


def add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return (x, (slope * (p[0] - x) - p[1]) % P)


def multiply(k, p):
    result = None
    while k:
        if k & 1:
            result = add(result, p)
        p = add(p, p)
        k >>= 1
    return result


def square_root(a):
    root = pow(a, (P + 1) // 4, P)
    return root if root * root % P == a % P else None


def compress(p):
    return bytes([2 + (p[1] & 1)]) + p[0].to_bytes(32, "big")


def decode(data):
    x = int.from_bytes(data[1:33], "big")
    if data[0] == 4:
        return (x, int.from_bytes(data[33:], "big"))
    y = square_root((x**3 + A * x + B) % P)
    return (x, y if (y & 1) == (data[0] & 1) else P - y)


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def prefixed(data):
    return len(data).to_bytes(2, "big") + data


def expand_message(message, tag, length):  # RFC 9380 §5.3.1
    tag += bytes([len(tag)])
    first = sha256(bytes(64) + message + length.to_bytes(2, "big") + b"\0" + tag)
    blocks = [sha256(first + b"\1" + tag)]
    for index in range(2, -(-length // 32) + 1):
        mixed = bytes(x ^ y for x, y in zip(first, blocks[-1]))
        blocks.append(sha256(mixed + bytes([index]) + tag))
    return b"".join(blocks)[:length]


def map_to_curve(u):  # RFC 9380 §6.6.2, Z = -10
    z = P - 10
    t = (z * z * pow(u, 4, P) + z * u * u) % P
    x = -B * pow(A, -1, P) * (1 + pow(t, -1, P)) % P if t else B * pow(z * A, -1, P) % P
    y = square_root((x**3 + A * x + B) % P)
    if y is None:
        x = z * u * u * x % P
        y = square_root((x**3 + A * x + B) % P)
    return (x, y if (u & 1) == (y & 1) else P - y)


def hash_to_group(message):
    u = expand_message(message, b"HashToGroup-" + OPRF, 96)
    first, second = (int.from_bytes(part, "big") % P for part in (u[:48], u[48:]))
    return add(map_to_curve(first), map_to_curve(second))


def derive_private_key(seed, info):  # RFC 9497 §3.2.1
    for counter in range(256):
        data = seed + prefixed(info) + bytes([counter])
        key = int.from_bytes(expand_message(data, b"DeriveKeyPair" + OPRF, 48), "big") % N
        if key:
            return key
    raise ValueError("no key")


def extract(salt, material):
    return mac(salt or bytes(32), material)


def expand(key, info, length):
    out = block = b""
    counter = 1
    while len(out) < length:
        block = mac(key, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:length]


def expand_label(key, label, context):  # RFC 9807 §6.4.2.1
    label = b"OPAQUE-" + label
    info = (32).to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    return expand(key, info, 32)


def stretch(secret):
    return hash_secret_raw(secret, bytes(16), 3, 32768, 1, 32, Type.ID, 0x13)


def read_vectors():
    page = (pathlib.Path(__file__).parents[3] / "docs" / "login.md").read_text(encoding="utf-8")
    found = re.finditer(r"^(\w+) =\s+([^;]*);", page, re.MULTILINE)
    joined = {match[1]: "".join(match[2].split()) for match in found}
    return {name: bytes.fromhex(text) for name, text in joined.items() if re.fullmatch("[0-9a-f]+", text)}


def check_login(v):
    assert stretch(b"a fixed input") == v["stretched"]
    password, account, terminal = v["password"], v["account"], v["terminal"]
    blind = int.from_bytes(v["client_blind"], "big")
    ephemeral = int.from_bytes(v["client_ephemeral_key"], "big")
    hello, reply = v["hello"], v["reply"]

    assert hello[:20] == b"\1\1\0\1" + terminal
    assert hello[20 : 21 + len(account)] == bytes([len(account)]) + account
    ke1 = hello[21 + len(account) :]
    assert len(ke1) == 98
    assert ke1[:33] == compress(multiply(blind, hash_to_group(password)))
    assert ke1[65:] == compress(multiply(ephemeral, G))

    assert reply[:4] == b"\1\2\0\1"
    server_public, ke2 = reply[4:69], reply[69:]
    assert len(ke2) == 259
    evaluated, masking_nonce, masked = ke2[:33], ke2[33:65], ke2[65:162]
    server_nonce, server_ephemeral, server_mac = ke2[162:194], ke2[194:227], ke2[227:]

    unblinded = compress(multiply(pow(blind, -1, N), decode(evaluated)))
    output = sha256(prefixed(password) + prefixed(unblinded) + b"Finalize")
    randomized = extract(b"", output + stretch(output))
    masking_key = expand(randomized, b"MaskingKey", 32)
    pad = expand(masking_key, masking_nonce + b"CredentialResponsePad", 97)
    opened = bytes(x ^ y for x, y in zip(pad, masked))
    server_static, nonce, tag = opened[:33], opened[33:65], opened[65:]
    auth_key = expand(randomized, nonce + b"AuthKey", 32)
    seed = expand(randomized, nonce + b"PrivateKey", 32)
    client_static = derive_private_key(seed, b"OPAQUE-DeriveDiffieHellmanKeyPair")
    assert mac(auth_key, nonce + server_static + prefixed(server_static) + prefixed(account)) == tag

    context = b"thinpay login v1" + b"\0\1" + terminal + server_public
    preamble = (
        b"OPAQUEv1-" + prefixed(context) + prefixed(account) + ke1 + prefixed(server_static)
        + evaluated + masking_nonce + masked + server_nonce + server_ephemeral
    )
    shared = b"".join(
        compress(multiply(private, decode(public)))
        for private, public in [
            (ephemeral, server_ephemeral), (ephemeral, server_static), (client_static, server_ephemeral),
        ]
    )
    key = extract(b"", shared)
    handshake = expand_label(key, b"HandshakeSecret", sha256(preamble))
    session_key = expand_label(key, b"SessionKey", sha256(preamble))
    assert mac(expand_label(handshake, b"ServerMAC", b""), sha256(preamble)) == server_mac
    client_mac = mac(expand_label(handshake, b"ClientMAC", b""), sha256(preamble + server_mac))
    finish = b"\1\3\0\1" + client_mac
    assert (session_key, finish) == (v["session_key"], v["finish"])

    frames = b"".join(len(frame).to_bytes(4, "big") + frame for frame in (hello, reply, finish))
    transcript = sha256(b"thinpay login transcript v1" + frames)
    element = int.from_bytes(v["element_agreement_key"], "big")
    agreement = multiply(element, decode(server_public))[0].to_bytes(32, "big")
    assert (transcript, agreement) == (v["transcript"], v["agreement"])
    info = b"thinpay seal v1" + v["profile_digest"]
    assert expand(extract(transcript, session_key + agreement), info, 32) == v["root"]


def check_statement(v):
    assert sha256(b"thinpay statement v1" + v["statement"]) == v["digest"]
    r, s = (int.from_bytes(part, "big") for part in (v["signature"][:32], v["signature"][32:]))
    z, w = int.from_bytes(v["digest"], "big"), pow(s, -1, N)
    point = add(multiply(z * w % N, G), multiply(r * w % N, decode(v["signing_public"])))
    assert point[0] % N == r
    assert multiply(int.from_bytes(v["signing_key"], "big"), G) == decode(v["signing_public"])
    body = b"TPEV\1" + prefixed(v["statement"]) + v["signature"] + prefixed(b"certificate")
    assert body == v["evidence"]


if __name__ == "__main__":
    vectors = read_vectors()
    check_login(vectors)
    check_statement(vectors)
    print("the vectors of docs/login.md hold")
