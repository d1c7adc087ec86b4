#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# certs.sh DIR: certificates good and bad, made by openssl, as DIR/NAME.der.

set -e
cd "$1"

cat >conf <<'END'
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[inter]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
[inter-names]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
nameConstraints = critical, permitted;DNS:b.example
[inter-client]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
extendedKeyUsage = clientAuth
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:a.example, IP:192.0.2.1, IP:2001:db8::1
[client]
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = DNS:a.example
[server]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:a.example
[no-purpose]
keyUsage = critical, digitalSignature
subjectAltName = DNS:a.example
[any-purpose]
keyUsage = critical, digitalSignature
extendedKeyUsage = anyExtendedKeyUsage
subjectAltName = DNS:a.example
[no-usage]
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:a.example
[wrong-usage]
keyUsage = critical, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:a.example
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:a.example
[critical]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:a.example
1.3.6.1.4.1.99999.1 = critical, ASN1:NULL
[wildcard]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:*.a.example
[no-name]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
END

key() { # NAME ALGORITHM
	case ${2:-p256} in
	p256) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
	p192) openssl ecparam -name prime192v1 -genkey -noout -out "$1.key" ;;
	ed25519) openssl genpkey -algorithm ed25519 -out "$1.key" ;;
	*) openssl genrsa -out "$1.key" "$2" ;;
	esac
}

root() { # NAME SUBJECT EXTENSIONS DAYS ALGORITHM
	key "$1" "${5:-}"
	openssl req -x509 -new -key "$1.key" -subj "$2" -days "$4" -config conf -extensions "$3" -out "$1.pem"
	openssl x509 -in "$1.pem" -outform DER -out "$1.der"
}

by() { # ISSUER NAME SUBJECT EXTENSIONS DAYS ALGORITHM OPTION...
	local issuer=$1 name=$2 subject=$3 extensions=$4 days=$5 algorithm=$6
	shift 6
	key "$name" "$algorithm"
	openssl req -new -key "$name.key" -subj "$subject" -config conf -out "$name.csr"
	[ "$extensions" = none ] || set -- "$@" -extfile conf -extensions "$extensions"
	openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" -days "$days" \
		-set_serial "0x$(openssl rand -hex 8 | sed 's/^./4/')" -out "$name.pem" "$@"
	openssl x509 -in "$name.pem" -outform DER -out "$name.der"
}

root ca "/O=Federation F/CN=anchor" ca 300
root other "/O=Federation G/CN=anchor" ca 300
root impostor "/O=Federation F/CN=anchor" ca 300
root short "/O=Federation S/CN=anchor" ca 10
root weak "/O=Federation W/CN=anchor" ca 300 1024
root self "/O=A/CN=a.example" leaf 100
by ca inter "/O=Federation F/CN=intermediate" inter 200 p256
by ca inter-names "/O=Federation F/CN=names" inter-names 200 p256
by ca inter-client "/O=Federation F/CN=clients" inter-client 200 p256
by inter inter2 "/O=Federation F/CN=second" inter 200 p256
by ca leaf "/O=A/CN=office" leaf 100 p256
by ca leaf-marked "/O=TEST FEDERATION - NOT FOR PRODUCTION/CN=office" leaf 100 p256
by short leaf-short "/O=A/CN=office" leaf 100 p256
by inter leaf-inter "/O=A/CN=office" leaf 100 p256
by inter2 leaf-inter2 "/O=A/CN=office" leaf 100 p256
by inter-names leaf-names "/O=A/CN=office" leaf 100 p256
by inter-client leaf-of-client "/O=A/CN=office" leaf 100 p256
by other leaf-other "/O=A/CN=office" leaf 100 p256
by impostor leaf-impostor "/O=A/CN=office" leaf 100 p256
by leaf leaf-leaf "/O=A/CN=office" leaf 100 p256
by ca leaf-ed25519 "/O=A/CN=office" leaf 100 ed25519
by ca leaf-3072 "/O=A/CN=office" leaf 100 3072
by ca leaf-2048 "/O=A/CN=office" leaf 100 2048
by ca leaf-p192 "/O=A/CN=office" leaf 100 p192
by ca leaf-sha1 "/O=A/CN=office" leaf 100 p256 -sha1
by ca leaf-v1 "/O=A/CN=a.example" none 100 p256
for kind in client server no-purpose any-purpose no-usage wrong-usage authority critical wildcard; do
	by ca "$kind" "/O=A/CN=office" "$kind" 100 p256
done
by ca no-name "/O=A/CN=a.example" no-name 100 p256

# The same intermediate certificate with its signature spelt in the other way: s becomes n - s.
/usr/bin/python3 - <<'END'
def read(data, at=0):
    length, head = data[at + 1], 2
    if length & 0x80:
        head += length & 0x7F
        length = int.from_bytes(data[at + 2:at + head], "big")
    return data[at], data[at + head:at + head + length], at + head + length

def parts(data):
    at, found = 0, []
    while at < len(data):
        begin = at
        tag, value, at = read(data, at)
        found.append((tag, value, data[begin:at]))
    return found

def der(tag, value):
    size = len(value)
    if size < 128:
        return bytes([tag, size]) + value
    octets = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | octets]) + size.to_bytes(octets, "big") + value

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
whole = open("inter.der", "rb").read()
tbs, algorithm, signature = parts(read(whole)[1])
r, s = parts(read(signature[1], 1)[1])
other = N - int.from_bytes(s[1], "big")
number = der(2, other.to_bytes(other.bit_length() // 8 + 1, "big"))
spelt = der(0x30, tbs[2] + algorithm[2] + der(3, b"\0" + der(0x30, r[2] + number)))
assert spelt != whole
open("inter-spelt.der", "wb").write(spelt)
END
openssl x509 -inform DER -in inter-spelt.der -out inter-spelt.pem
# The oracle's word on what is good, so that a mistake here does not pass for a refusal.
openssl verify -CAfile ca.pem leaf.pem leaf-ed25519.pem leaf-3072.pem client.pem server.pem
openssl verify -CAfile ca.pem -untrusted inter.pem leaf-inter.pem
openssl verify -CAfile ca.pem -untrusted inter-spelt.pem leaf-inter.pem
