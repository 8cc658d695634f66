/**
 * Certificates for servers on 127.0.0.1, made when they are needed: a key and what X.509 says about it, in DER.
 */
import * as Crypto from "node:crypto"

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(parts)
  const size = content.byteLength
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
const sequence = (...parts: ReadonlyArray<Uint8Array>) => der(0x30, ...parts)
const oid = (...bytes: ReadonlyArray<number>) => der(0x06, Buffer.from(bytes))
const octets = (content: Uint8Array) => der(0x04, content)
const bits = (content: Uint8Array) => der(0x03, Buffer.from([0]), content)
const yes = der(0x01, Buffer.from([0xff]))

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
const commonName = oid(0x55, 0x04, 0x03)
const subjectAltName = oid(0x55, 0x1d, 0x11)
const basicConstraints = oid(0x55, 0x1d, 0x13)

const name = (text: string) => sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(text)))))

// The two digits of a year are enough until 2050.
const time = (millis: number) =>
  der(0x17, Buffer.from(new Date(millis).toISOString().replaceAll(/[-:T]|\.\d+/g, "").slice(2)))

const hour = 3_600_000

/** A certificate that its own key signs. `address` is the IPv4 address it is for; it is valid for a day from `from` on. */
export const selfSigned = (
  options: { readonly name: string; readonly address?: string; readonly from?: number }
): Certificate => {
  const { address = "127.0.0.1", from = Date.now() - hour } = options
  const pair = Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), Crypto.randomBytes(8)])),
    ecdsaWithSha256,
    name(options.name),
    sequence(time(from), time(from + 24 * hour)),
    name(options.name),
    pair.publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        sequence(basicConstraints, yes, octets(sequence(yes))),
        sequence(subjectAltName, octets(sequence(der(0x87, Buffer.from(address.split(".").map(Number))))))
      )
    )
  )
  const signed = sequence(body, ecdsaWithSha256, bits(Crypto.sign("sha256", body, pair.privateKey)))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${
      signed.toString("base64").match(/.{1,64}/g)!.join("\n")
    }\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string
  }
}
