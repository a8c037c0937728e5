/** A machine's user data: its own host key may be in it, and nothing else that is a secret. */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { noPlaintextEnv } from "../../policies/no-plaintext-env.ts";
import { tellingParts } from "../../policies/values/known.ts";
import { violationsOf } from "./support/run.ts";

const { privateKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "sec1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

const violations = (type: string, config: object): readonly string[] =>
  violationsOf(noPlaintextEnv, [
    {
      type,
      name: "machine",
      urn: `urn:pulumi:prod::goimg-secrets::${type}::machine`,
      props: { userData: `#cloud-config\n${stringify(config)}` },
      deleteBeforeReplace: false,
      dependsOn: new Map(),
      after: [],
    },
  ]).map(({ rule }) => rule);

const droplet = "digitalocean:index:Droplet";

test("a droplet's user data may hold its own host key, in cloud-init's place for it", () => {
  expect(
    violations(droplet, { ssh_keys: { ecdsa_private: privateKey, ecdsa_public: "ecdsa-sha2-nistp256 AAAA" } }),
  ).toEqual([]);
});

test.each([
  ["a private key in a file", droplet, { write_files: [{ path: "/root/key", content: privateKey }] }],
  ["a private key under a name that is no host key's", droplet, { ssh_keys: { deploy_key: privateKey } }],
  [
    "a join token in a command",
    droplet,
    { ssh_keys: {}, runcmd: ["JOIN_TOKEN=SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl"] },
  ],
  ["a host key of another kind of machine", "aws:ec2:Instance", { ssh_keys: { ecdsa_private: privateKey } }],
])("refuses %s", (_, type, config) => {
  expect(violations(type, config).length).toBeGreaterThan(0);
});

test.each(["ed25519", "ecdsa"])(
  "looks for the private numbers of OpenSSH's form alone, which repeats the public key: %s",
  (type) => {
    const directory = mkdtempSync(path.join(tmpdir(), "goimg-key-"));
    try {
      const file = path.join(directory, "key");
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", file]);
      const parts = tellingParts({ name: "key", urn: "", value: readFileSync(file, "utf8"), generated: true });
      expect(parts).toHaveLength(1);
      const [, publicKey = ""] = readFileSync(`${file}.pub`, "utf8").split(" ");
      const bytes = (base64: string) => Buffer.from(base64, "base64").toString("latin1");
      // At any alignment: 12 bytes are 16 characters.
      const telling = bytes(parts[0] ?? "").slice(0, 20);
      expect(bytes(publicKey)).not.toContain(telling.slice(4, 12));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
