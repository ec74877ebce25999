"""A software authenticator: what a phone, a computer or a security key does with passkeys."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
"""Flags of the authenticator data."""


@dataclass
class Authenticator:
    """One passkey of the site with this origin; each use raises its signature counter by one.

    `asks_lock`: it verifies its owner by the lock of the device.
    """

    origin: str = "https://nagarvani.example"
    rp_id: str = "nagarvani.example"
    asks_lock: bool = True
    sign_count: int = 0
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def make(self, options: str) -> str:
        """Return the answer of a browser that makes the passkey."""
        auth_data = self._auth_data(HAS_KEY) + self._key_data()
        attestation = {"fmt": "none", "attStmt": {}, "authData": auth_data}
        client_data = self._client_data("webauthn.create", options)
        return self._answer(clientDataJSON=client_data, attestationObject=cbor2.dumps(attestation))

    def use(self, options: str) -> str:
        """Return the answer of a browser that uses the passkey."""
        self.sign_count += 1
        client_data, auth_data = self._client_data("webauthn.get", options), self._auth_data(0)
        signed = auth_data + sha256(client_data).digest()
        signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=client_data, authenticatorData=auth_data, signature=signature
        )

    def _client_data(self, kind: str, options: str) -> bytes:
        challenge = json.loads(options)["challenge"]
        client_data = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps(client_data).encode()

    def _auth_data(self, more_flags: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.asks_lock else 0) | more_flags
        head = sha256(self.rp_id.encode()).digest() + bytes([flags])
        return head + self.sign_count.to_bytes(4, "big")

    def _key_data(self) -> bytes:
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        cose_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})  # EC2, ES256, P-256
        length = len(self.credential_id).to_bytes(2, "big")
        return bytes(16) + length + self.credential_id + cose_key

    def _answer(self, **response: bytes) -> str:
        encoded = {name: bytes_to_base64url(value) for name, value in response.items()}
        name = bytes_to_base64url(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": encoded})
