/** One request of Vault's HTTP API, for whoever reads from it or writes to it. No error holds a value, a token or an answer's text. */
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";

/** Which Vault. */
export interface VaultPlace {
  /** `https://HOST:PORT`; `http://` on this machine alone. */
  readonly address: string;
  readonly namespace?: string | undefined;
  /** File of the certificates of a private CA, in PEM; the system's when left out. */
  readonly caFile?: string | undefined;
}

/** What is asked of it. */
export interface VaultRequest {
  readonly method: string;
  /** Below `/v1/`. */
  readonly route: string;
  readonly token?: string | undefined;
  readonly body?: object | undefined;
}

/** What it answered; `json` is undefined where there was no JSON. */
export interface VaultAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** An address without TLS is this machine's: nobody else sees what is sent. */
export const vaultAddress =
  /^(https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?)\/?$/;

/** How long one request may take, in milliseconds, and how long an answer may be, in bytes: a value and what is around it. */
const most = { time: 10_000, bytes: 4 * 1024 * 1024 } as const;

/**
 * Asks once. A redirect is an answer like any other: it is not followed, so the token goes nowhere else.
 *
 * @throws Error when there is no answer, or one that is too long
 */
export async function askVault(place: VaultPlace, { method, route, token, body }: VaultRequest): Promise<VaultAnswer> {
  const url = new URL(`/v1/${route}`, place.address);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: https.RequestOptions = {
    method,
    agent: false,
    signal: AbortSignal.timeout(most.time),
    headers: {
      "X-Vault-Request": "true",
      ...(token === undefined ? {} : { "X-Vault-Token": token }),
      ...(place.namespace === undefined ? {} : { "X-Vault-Namespace": place.namespace }),
      ...(text === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
    },
    ...(place.caFile === undefined ? {} : { ca: readFileSync(place.caFile) }),
  };
  const response = await new Promise<http.IncomingMessage>((done, fail) => {
    const request = url.protocol === "https:" ? https.request(url, options, done) : http.request(url, options, done);
    request.on("error", fail);
    request.end(text);
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most.bytes) throw new Error("Vault's answer is too long");
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, json: parsed(Buffer.concat(chunks).toString("utf8")) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A part of a tree of JSON, or undefined. */
export function member(tree: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    tree,
  );
}
