import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../toolchain/process.ts";
import type { Workspace } from "./workspace.ts";

/** A value in the place of one that only the stack's own secrets provider can read. */
export interface MadeUp {
  /** Path of the config, as `pulumi config set --path` takes it. */
  readonly path: string;
  readonly value: string;
}

/** The catalog's entries of a certificate: what is made up must be one, or the program refuses it. */
const certificate = "TLS_CERTIFICATE";
const privateKey = "TLS_PRIVATE_KEY";
const tlsPath = new RegExp(`^goimg-secrets:external\\["(${certificate}|${privateKey})"\\]\\["\\d+"\\]$`);

/**
 * Values for the config's encrypted ones, and a certificate for the stack's host where it has one and no certificate yet.
 *
 * @throws Error when openssl, which makes the certificate, is missing or fails
 */
export async function madeUpValues({
  placeholders,
  host,
  directory,
}: Pick<Workspace, "placeholders" | "host" | "directory">): Promise<readonly MadeUp[]> {
  const supplied = placeholders.filter((path) => tlsPath.test(path));
  // Twice the shortest that the catalog takes, letters and digits only.
  const values = placeholders
    .filter((path) => !supplied.includes(path))
    .map((path) => ({ path, value: randomBytes(30).toString("hex") }));
  if (host === undefined) return values;
  const made = await selfSigned(host, directory);
  const paths = supplied.length > 0 ? supplied : [certificate, privateKey].map(first);
  return [
    ...values,
    ...paths.map((path) => ({ path, value: path.includes(certificate) ? made.certificate : made.key })),
  ];
}

const first = (entry: string): string => `goimg-secrets:external["${entry}"]["1"]`;

/** A certificate that vouches for itself, for two days, and its key. */
async function selfSigned(
  host: string,
  directory: string,
): Promise<{ readonly key: string; readonly certificate: string }> {
  // The installed one would make an authority of it.
  const config = join(directory, ".openssl.cnf");
  writeFileSync(config, "[req]\ndistinguished_name=name\n[name]\n");
  const { exitCode, stdout } = await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=preview", "-addext", `subjectAltName=DNS:${host}`, "-addext", "basicConstraints=CA:FALSE"],
    ...["-keyout", "-", "-config", config],
  ]);
  const [key = "", ...rest] = stdout.split(/(?=-----BEGIN CERTIFICATE-----)/);
  if (exitCode !== 0 || rest.length !== 1)
    throw new Error(
      "openssl can't make a certificate for the preview: is it installed (Debian: apt-get install openssl)?",
    );
  return { key, certificate: rest.join("") };
}
