// A fixed self-signed certificate and its key for `localhost`, 127.0.0.1 and ::1, so that TLS tests
// need no openssl on the machine. P-256, valid from 2026 to 2126, usable as its own CA.
// The key is public by being here: never serve anything real with it.

/** PEM certificate; pass it as `ca` to trust the upstream. */
export const testCertificate: string = `-----BEGIN CERTIFICATE-----
MIIBjTCCATKgAwIBAgIUK2gsG1Ru1SSvsaPaqlQ7S0UTFXUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MDEwMTAwMDAwMFoYDzIxMjYwMTAx
MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASSLD0kyi13zl5ETbH9GhxZP5MAPDxH3g1kzMoaBVtOE510VOX1K157
4GbjGNcrGOXL5IvY5NdpVs3lvHw/aEbKo2AwXjAPBgNVHRMBAf8EBTADAQH/MCwG
A1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAdBgNV
HQ4EFgQUVax3rwa7ODYqlxHop/DBcV0Vp7YwCgYIKoZIzj0EAwIDSQAwRgIhAMjJ
8RP2nYCvFyl+dVVstFiBSqxIVLbmT3DdIbayc51wAiEA47Cr6JagfxWZuWwOBcaH
cSZh2FGmS/ncUh3MeBf7ams=
-----END CERTIFICATE-----
`;

/** PEM private key of `testCertificate`. */
export const testKey: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8siukoc/bm4BRTgF
ebRyRU9zRlZxVnNxx9rgo88TLJ2hRANCAASSLD0kyi13zl5ETbH9GhxZP5MAPDxH
3g1kzMoaBVtOE510VOX1K1574GbjGNcrGOXL5IvY5NdpVs3lvHw/aEbK
-----END PRIVATE KEY-----
`;
