/** Certificates of an authority of a test, made with openssl. No key of theirs outlives the test. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A key and its certificate, in PEM. */
export interface Certified {
  readonly key: string;
  readonly certificate: string;
}

/** What is asked of the authority. */
export interface CertificateRequest {
  /** Subject's alternative names, such as `DNS:images.example.com`. */
  readonly names: readonly string[];
  /** Type of the key, as openssl takes it. @default "ec" on P-256 */
  readonly key?: readonly string[];
  /** Validity from now, in days. @default 2 */
  readonly days?: number;
  /** Extended key usage. @default "serverAuth" */
  readonly use?: string;
}

/** An authority, with one below it that issues. */
export interface Authority {
  /** The root's certificate, which clients know. */
  readonly root: string;
  /** The issuing authority's certificate, which a server sends after its own. */
  readonly issuer: string;
  /** A server's key, and its certificate without the chain. */
  issue(request: CertificateRequest): Promise<Certified>;
}

const p256 = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

export async function createAuthority(): Promise<Authority> {
  const ca = (name: string, days: number) => ({
    subject: `/CN=${name}`,
    days,
    extensions: "basicConstraints=critical,CA:TRUE\n",
  });
  const root = await sign(ca("root of a test", 30), p256, undefined);
  const issuer = await sign(ca("issuer of a test", 20), p256, root);
  return {
    root: root.certificate,
    issuer: issuer.certificate,
    issue: ({ names, key = p256, days = 2, use = "serverAuth" }) =>
      sign(
        {
          subject: "/CN=server of a test",
          days,
          extensions: `basicConstraints=CA:FALSE\nextendedKeyUsage=${use}\nsubjectAltName=${names.join(",")}\n`,
        },
        key,
        issuer,
      ),
  };
}

interface Content {
  readonly subject: string;
  readonly days: number;
  readonly extensions: string;
}

async function sign(
  { subject, days, extensions }: Content,
  key: readonly string[],
  by: Certified | undefined,
): Promise<Certified> {
  const directory = await mkdtemp(path.join(tmpdir(), "goimg-certificate-"));
  const at = (name: string): string => path.join(directory, name);
  try {
    const request = ["-newkey", ...key, "-nodes", "-keyout", at("key"), "-out", at("request"), "-subj", subject];
    await run("openssl", ["req", "-new", ...request]);
    await writeFile(at("extensions"), extensions);
    if (by !== undefined) {
      await writeFile(at("ca.key"), by.key, { mode: 0o600 });
      await writeFile(at("ca"), by.certificate);
    }
    const signer =
      by === undefined ? ["-signkey", at("key")] : ["-CA", at("ca"), "-CAkey", at("ca.key"), "-CAcreateserial"];
    await run("openssl", [
      ...["x509", "-req", "-in", at("request"), "-out", at("certificate"), "-extfile", at("extensions")],
      ...signer,
      ...["-days", String(days)],
    ]);
    return { key: await readFile(at("key"), "utf8"), certificate: await readFile(at("certificate"), "utf8") };
  } finally {
    await rm(directory, { recursive: true });
  }
}
