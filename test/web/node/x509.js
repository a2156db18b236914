// X509Certificate of node:crypto: each expectation is what Node.js 26 has of the same certificate. They were made by OpenSSL 3.

import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

/** RSA; its subject has a relative name of two values. */
const authority = `-----BEGIN CERTIFICATE-----
MIIDUzCCAjugAwIBAgICAQIwDQYJKoZIhvcNAQELBQAwQTELMAkGA1UEBhMCREUx
IDALBgNVBAsMBFVuaXQwEQYDVQQKDApBY21lLCBJbmMuMRAwDgYDVQQDDAdSb290
IENBMCAXDTI2MTEzMDAxNTU1NloYDzIxMjYxMTA2MDE1NTU2WjBBMQswCQYDVQQG
EwJERTEgMAsGA1UECwwEVW5pdDARBgNVBAoMCkFjbWUsIEluYy4xEDAOBgNVBAMM
B1Jvb3QgQ0EwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCVNQ/xqQie
oMt0xbZ0BixG/RSnyHAnPLR0zBK7I/HRz3W8ZuLOMyHkjMJGEWZGNx6aYCrFOBlV
mdzLNhMf7CMSkz7hxlSGQjSgVaQemi5i8jUmlU5FkbXj2kxYORJc4RHTzYT8DNdK
mIhMqoFG7THe3nctfs/jJZ6Me6BAcSTJ+L7w4T4JoIIi6cYzRhHivqmzlzC2NonO
LYUuattxgWdGUiO8s9Sam8CKnTkTHMmmzcB1I6rL3gTs4jyvMpWLFZ0XKq7tcbtO
gl6Fp/n1CXZ1Rc4Vdeh5KFKRN3gCV8IPbo4CNouTW22Q4R2YHFFugBqmLVuINdvJ
B4Q8502e/q3FAgMBAAGjUzBRMB0GA1UdDgQWBBSi587OPPQ22xNFUoJMJ09SVirk
aTAfBgNVHSMEGDAWgBSi587OPPQ22xNFUoJMJ09SVirkaTAPBgNVHRMBAf8EBTAD
AQH/MA0GCSqGSIb3DQEBCwUAA4IBAQAfjtmFX3oZ+BK4IGS7j81l0MBVcA0w33nt
AMp1pMDESB4oxgmvwMGitK6txMLr04pwviQW0hiACp7jMRvOHTbuCRSneIvI+JgB
jRh96M+DlidRapst4HyfYeDSMab8XRDND//U93V2/qntYXuvhnAC6xRKEKyo8AAh
5VbUGMdQqNFhrOjiDX+Rvbpqumi6hu3orhllxSw3awVUQXbQ8awnrsylx/WCStby
n1ZCQpx4QzRqV/N/DV818J/otG54c5U9/kT/kMhGrYkjqe1zlTsXBkzigVaLd1Pj
4eKOO2Zs0Yg4QUBAC7REKWMMtHwPcIvD4+HfjsNFVmzLd2frmTlt
-----END CERTIFICATE-----
`;
/** EC, issued by it, with alternative names of all kinds. */
const leaf = `-----BEGIN CERTIFICATE-----
MIIDojCCAoqgAwIBAgIGAN6tvu8BMA0GCSqGSIb3DQEBCwUAMEExCzAJBgNVBAYT
AkRFMSAwCwYDVQQLDARVbml0MBEGA1UECgwKQWNtZSwgSW5jLjEQMA4GA1UEAwwH
Um9vdCBDQTAgFw0yNjExMzAwMTU1NTZaGA8yMTI1MDYyNDAxNTU1NlowTTELMAkG
A1UEBhMCREUxDjAMBgNVBAcMBUvDtmxuMRIwEAYDVQQDDAlhLmV4YW1wbGUxGjAY
BgkqhkiG9w0BCQEWC3hAeS5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEb9/gs8PW7roGDpcQS9UXaA/cFMc2GnQ77TFXHCPP2+3R0ujP7MDWZyQ/zOFD
P+4u1m5DtxLWwe4ThLXZTwMjX6OCAVswggFXMIGEBgNVHREEfTB7gglhLmV4YW1w
bGWCCyouYi5leGFtcGxlhwQKAAABhxAgAQ24AAAAAAAAAAAAAAABgQxtZUBhLmV4
YW1wbGWGE2h0dHBzOi8vYS5leGFtcGxlL3igCwYDKgMEoAQMAmhpiAIqA6QVMBMx
ETAPBgNVBAMMCERpciBOYW1lMFcGCCsGAQUFBwEBBEswSTAgBggrBgEFBQcwAYYU
aHR0cDovL29jc3AuZXhhbXBsZS8wJQYIKwYBBQUHMAKGGWh0dHA6Ly9jYS5leGFt
cGxlL2NhLmNlcnQwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMAsGA1Ud
DwQEAwIHgDAJBgNVHRMEAjAAMB0GA1UdDgQWBBR+w9bvB/+FIhAaB8FNdmZHrFlV
7zAfBgNVHSMEGDAWgBSi587OPPQ22xNFUoJMJ09SVirkaTANBgkqhkiG9w0BAQsF
AAOCAQEAag9Gkq2L16VmgZa9lcQNFmPwcjQwiRL0zqzvgnCkxEoDByC0A74kS5u8
gJQdeddhaoac7JHU0d1YhGejagzlvXqGbBJ4vXucPHAX+6T23lZzDjZ6g6tWM/tN
1QPZXy8QY691URdf+0DCB1eixct4bKz3tX3hQVpySx6CegSDxtA6bmA79GI0309N
WshKc8PeDjpYZBVJ9K+2dQbYeTo7nhppYIXRH0xTzFOX3zmrzdAAAmubVU6N2ZNR
egs++5YbirhJyJXzACrBPNo8FtzEQXs7sdd5uLe+/NOLXe7BDhajrCsySJntPIfG
9e+T1CUiqmJUPhHhvWa5QwlWLQV9UQ==
-----END CERTIFICATE-----
`;
const leafKey = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIH/XgmewMfotV5nXZ0HnrfyWdEeKtq2JX/ALa/dEl9lHoAoGCCqGSM49
AwEHoUQDQgAEb9/gs8PW7roGDpcQS9UXaA/cFMc2GnQ77TFXHCPP2+3R0ujP7MDW
ZyQ/zOFDP+4u1m5DtxLWwe4ThLXZTwMjXw==
-----END EC PRIVATE KEY-----
`;
/** Ed25519, without alternative names. */
const plain = `-----BEGIN CERTIFICATE-----
MIIBRDCB96ADAgECAhQj6jrn56rqTVm7AErh+G+4o9O+TDAFBgMrZXAwFzEVMBMG
A1UEAwwMaG9zdC5leGFtcGxlMCAXDTI2MTEzMDAxNTU1NloYDzIxMjYxMTA2MDE1
NTU2WjAXMRUwEwYDVQQDDAxob3N0LmV4YW1wbGUwKjAFBgMrZXADIQAodbmHf4Pa
EgDZJtFC5CHw8imK6aFrRQrXPHxKgF5ofKNTMFEwHQYDVR0OBBYEFF/bRVN8S/Ls
J90ZTX2ycvurkgAGMB8GA1UdIwQYMBaAFF/bRVN8S/LsJ90ZTX2ycvurkgAGMA8G
A1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAq72hBFo5DzoWLAIVnAsPutyle2DQpXkg
St1LzqsPWLbur4feKWOroZ3cI5MaiU9WV+24/6NXnApl7aNXurFpAw==
-----END CERTIFICATE-----
`;
/** Signed by RSASSA-PSS. */
const pss = `-----BEGIN CERTIFICATE-----
MIIDZzCCAhugAwIBAgIUQHGBAKUbt5GwdRZrcy8MTCOx0EAwQQYJKoZIhvcNAQEK
MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEF
AKIDAgEgMA4xDDAKBgNVBAMMA3BzczAgFw0yNjExMzAwMTU1NTZaGA8yMTI2MTEw
NjAxNTU1NlowDjEMMAoGA1UEAwwDcHNzMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
MIIBCgKCAQEA0ddJixukFrgz9KTWJcr3O9ujcnD5hH5v+LXEIjFpkTJnA5QnwbiG
juSfobtDz/DhKwwHDtSi5ht5Ph2z0Mn+a4TX67E/jGGqD9js9goMgrMdLfn3hM1a
GBK1U4ka1YY430boKGWJVQF3Kn+gwfBp1LlqCFDRGb1Jo58xknVLNGDcAd7wvzqt
JmxE/E3CZXk630Ryubdtjh+mLOCt1px3lAnyKoAlja3aFaUcbqK6zJZhHg6pMd7C
CusS4jC79IEGDK4ookz7jYMnBmppISR3WpIbZGUF+sQ67H8AT4tUpE/5MYziOjqq
+HJUwEFPo4QUjKLhi0PA4p5bxQsR7WcC2wIDAQABo1MwUTAdBgNVHQ4EFgQUOcoN
EZHsmtzSHWDKdkZjw/fmlfEwHwYDVR0jBBgwFoAUOcoNEZHsmtzSHWDKdkZjw/fm
lfEwDwYDVR0TAQH/BAUwAwEB/zBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQC
AQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCASADggEBAGsvGnrj
yTKAS+gqvjKq9zqyEENd/Zp/l0o6MV8BP2L/f4urmVA5q1nBDkn7QDI7Xf9vM303
C/5IEfyA4tclFgmggfZzpSrL1sF0H7zX0JDxonTjkRxPr6Da2TboiUTntAo13OtJ
DTVBRg5xJcp3TVkhFq7UUN5cRTYT2wP33p0y9evhRi0vpUMHFVX26WrPWOobAAZb
gUMAZDG89/vRS/aE1baI3igDMiQny07S0oup9GF9+Lh1CxLWMVbis1Xi9UzJAdJ8
XfSGDg6unzNZJUdROU1rt8fhtAAVOc4/jUo7Wg4M6Pbsw1wpfUR9UPPZy4Tkhb4d
5IwujCUPiU3mMW8=
-----END CERTIFICATE-----
`;

test("what a certificate says", () => {
  const certificate = new X509Certificate(leaf);
  equal(certificate.subject, "C=DE\nL=K\u00f6ln\nCN=a.example\nemailAddress=x@y.example");
  equal(certificate.issuer, "C=DE\nOU=Unit + O=Acme\\, Inc.\nCN=Root CA");
  equal(certificate.subjectAltName, "DNS:a.example, DNS:*.b.example, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, email:me@a.example, URI:https://a.example/x, othername:<unsupported>, Registered ID:1.2.3, DirName:CN=Dir Name");
  equal(certificate.infoAccess, "OCSP - URI:http://ocsp.example/\nCA Issuers - URI:http://ca.example/ca.cert");
  deepEqual([certificate.validFrom, certificate.validTo, certificate.validFromDate.getTime()], ["Nov 30 01:55:56 2026 GMT", "Jun 24 01:55:56 2125 GMT", 1796003756000]);
  equal(certificate.fingerprint, "5C:B4:78:BB:C4:99:77:2A:B3:EC:FA:28:BE:ED:D6:82:F8:D6:20:80");
  equal(certificate.fingerprint256, "D5:A5:0E:D3:0B:B7:5B:BC:57:A9:B8:CA:1A:2F:62:71:F7:9A:63:86:AE:8D:7F:09:75:29:BA:EE:82:74:C4:DA");
  equal(certificate.fingerprint512.length, 191);
  deepEqual([certificate.keyUsage, certificate.serialNumber, certificate.raw.length, certificate.ca], [["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], "DEADBEEF01", 934, false]);
  deepEqual([certificate.signatureAlgorithm, certificate.signatureAlgorithmOid], ["sha256WithRSAEncryption", "1.2.840.113549.1.1.11"]);
  deepEqual([certificate.publicKey.asymmetricKeyType, certificate.publicKey.type, certificate.issuerCertificate], ["ec", "public", undefined]);
  equal(certificate.toString(), leaf);
  equal(JSON.stringify({ certificate }), JSON.stringify({ certificate: leaf }));
  deepEqual(new X509Certificate(certificate.raw).serialNumber, certificate.serialNumber);
  const { ca, serialNumber, keyUsage } = new X509Certificate(authority);
  deepEqual([ca, serialNumber, keyUsage], [true, "0102", undefined]);
});

test("the object of older programs", () => {
  const { raw, pubkey, ...legacy } = new X509Certificate(leaf).toLegacyObject();
  deepEqual([raw.length, pubkey.length, legacy.nistCurve, legacy.bits], [934, 65, "P-256", 256]);
  deepEqual({ ...legacy.subject }, {"C": "DE", "L": "K\u00f6ln", "CN": "a.example", "emailAddress": "x@y.example"});
  deepEqual({ ...legacy.infoAccess }, {"OCSP - URI": ["http://ocsp.example/"], "CA Issuers - URI": ["http://ca.example/ca.cert"]});
  deepEqual(Object.keys(new X509Certificate(authority).toLegacyObject()), [
    "subject", "issuer", "ca", "modulus", "exponent", "pubkey", "bits", "valid_from", "valid_to", "fingerprint", "fingerprint256",
    "fingerprint512", "serialNumber", "raw",
  ]);
});

test("hosts, mail addresses and addresses are compared", () => {
  const certificate = new X509Certificate(leaf);
  const old = new X509Certificate(plain);
  deepEqual(["a.example", "A.EXAMPLE", "x.b.example", "x.y.b.example", "b.example", "*.b.example"].map((name) => certificate.checkHost(name)), [
    "a.example", "a.example", "*.b.example", undefined, undefined, "*.b.example",
  ]);
  equal(certificate.checkHost("x.b.example", { wildcards: false }), undefined);
  deepEqual([old.checkHost("host.example"), old.checkHost("host.example", { subject: "never" })], ["host.example", undefined]);
  deepEqual(["me@a.example", "me@A.example", "Me@a.example", "x@y.example"].map((name) => certificate.checkEmail(name)), [
    "me@a.example", "me@A.example", undefined, undefined,
  ]);
  deepEqual(["10.0.0.1", "2001:db8::1", "10.0.0.2"].map((name) => certificate.checkIP(name)), ["10.0.0.1", "2001:db8::1", undefined]);
  equal(thrownBy(() => certificate.checkIP("zz")).code, "ERR_INVALID_ARG_VALUE");
  equal(thrownBy(() => certificate.checkHost("a", { subject: "often" })).code, "ERR_INVALID_ARG_VALUE");
});

test("who has issued it, and whose it is", () => {
  const all = { authority: new X509Certificate(authority), leaf: new X509Certificate(leaf), plain: new X509Certificate(plain), pss: new X509Certificate(pss) };
  for (const name of ["authority", "plain", "pss"]) {
    ok(all[name].verify(all[name].publicKey) && all[name].checkIssued(all[name]), name);
  }
  deepEqual([all.leaf.checkIssued(all.authority), all.leaf.checkIssued(all.plain), all.leaf.checkIssued(all.leaf)], [true, false, false]);
  deepEqual([all.leaf.verify(all.authority.publicKey), all.leaf.verify(all.plain.publicKey), all.leaf.verify(all.pss.publicKey)], [true, false, false]);
  deepEqual([all.leaf.checkPrivateKey(createPrivateKey(leafKey)), all.plain.checkPrivateKey(createPrivateKey(leafKey))], [true, false]);
  const { privateKey } = generateKeyPairSync("ed25519");
  equal(thrownBy(() => all.plain.verify(privateKey)).code, "ERR_INVALID_ARG_VALUE");
  const changed = Buffer.from(all.leaf.raw);
  changed[changed.length - 1] ^= 1;
  equal(new X509Certificate(changed).verify(all.authority.publicKey), false);
});

/** Looks at everything that a certificate has, and asks it everything. */
function use(bytes) {
  let certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch (error) {
    return error.code;
  }
  const names = ["subject", "issuer", "subjectAltName", "infoAccess", "validFrom", "validTo", "keyUsage", "serialNumber", "ca", "fingerprint256"];
  for (const name of names) void certificate[name];
  for (const ask of [() => certificate.publicKey, () => certificate.toLegacyObject()]) {
    try {
      ask();
    } catch (error) {
      ok(error instanceof Error && typeof error.code === "string", String(error));
    }
  }
  certificate.checkHost("a.example");
  certificate.checkIP("10.0.0.1");
  return "read";
}

test("hostile ones are errors, or certificates", () => {
  const { raw } = new X509Certificate(leaf);
  for (let length = 0; length < raw.length; length++) equal(use(raw.subarray(0, length)), "ERR_OSSL_PEM_NO_START_LINE");
  for (let at = 0; at < raw.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = Buffer.from(raw);
      changed[at] ^= change;
      ok(["read", "ERR_OSSL_PEM_NO_START_LINE"].includes(use(changed)), `byte ${at}`);
    }
  }
  // Sequences in sequences: nothing follows them down.
  const deep = Buffer.alloc(200_000, 0x30);
  for (let at = 1; at < deep.length; at += 2) deep[at] = 0x80;
  equal(use(deep), "ERR_OSSL_PEM_NO_START_LINE");
  equal(thrownBy(() => new X509Certificate(Buffer.alloc(2 ** 20 + 1))).code, "ERR_OUT_OF_RANGE");
  for (const text of ["", "x", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]) {
    equal(use(text), "ERR_OSSL_PEM_NO_START_LINE");
  }
  equal(thrownBy(() => new X509Certificate(5)).code, "ERR_INVALID_ARG_TYPE");
});

await done();
