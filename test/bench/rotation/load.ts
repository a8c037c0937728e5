import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** What a request did. */
export type Kind = "login" | "check" | "write" | "read" | "object";

/** One request, answered or not. */
export interface Sample {
  /** When it was sent, milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
  readonly kind: Kind;
  /** The answer's status; 0 when the connection broke or timed out. */
  readonly status: number;
  readonly error?: string;
}

/** Whether the client got no answer, or one that says no. */
export const failed = ({ status }: Sample): boolean => status === 0 || status >= 400;

/** Shares of the requests, in percent: a login costs the API a scrypt, 40 times a token check. */
const mix: readonly (readonly [Kind, number])[] = [
  ["check", 49],
  ["read", 35],
  ["object", 8],
  ["write", 7],
  ["login", 1],
];

/** How long one token is used before the load logs in again, in milliseconds. */
const tokenUse = 10_000;

/**
 * A constant rate of requests, sent whether or not earlier ones were answered, so that a stall shows as latency and not as
 * fewer requests. Nothing is repeated: a failure that a client sees is a failure.
 */
export class Load {
  readonly samples: Sample[] = [];
  readonly #pool: Pool;
  readonly #rate: number;
  readonly #user = { email: `load-${randomUUID()}@example.com`, password: randomBytes(24).toString("base64url") };
  #token = "";
  #images: string[] = [];
  #stop = false;
  #running: Promise<void> | undefined;

  /** @param rate requests a second */
  constructor(url: string, rate: number) {
    this.#pool = new Pool(url, { connections: 128, pipelining: 1, headersTimeout: 10_000, bodyTimeout: 10_000 });
    this.#rate = rate;
  }

  /** Registers, logs in, uploads a few objects to read, and starts. */
  async start(): Promise<void> {
    await this.#expect("POST", "/users", this.#user);
    await this.#login();
    for (let n = 0; n < 20; n += 1) await this.#write();
    this.samples.length = 0;
    this.#running = this.#run();
  }

  /** Stops sending, and waits for what is in flight. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
    await this.#pool.close();
  }

  async #run(): Promise<void> {
    const began = performance.now();
    const inFlight = new Set<Promise<void>>();
    let tokenAt = performance.now();
    for (let n = 0; !this.#stop; n += 1) {
      const due = began + (n * 1000) / this.#rate;
      const early = due - performance.now();
      if (early > 1) await sleep(early);
      let kind = pick();
      if (performance.now() - tokenAt > tokenUse) {
        kind = "login";
        tokenAt = performance.now();
      }
      const request = this.#one(kind);
      inFlight.add(request);
      void request.finally(() => inFlight.delete(request));
    }
    await Promise.all(inFlight);
  }

  async #one(kind: Kind): Promise<void> {
    const at = Date.now();
    const began = performance.now();
    let status = 0;
    let error: string | undefined;
    try {
      status = await this.#send(kind);
    } catch (thrown) {
      error = (thrown as { code?: string }).code ?? String(thrown);
    }
    this.samples.push({ at, ms: performance.now() - began, kind, status, ...(error === undefined ? {} : { error }) });
  }

  async #send(kind: Kind): Promise<number> {
    const image = this.#images[Math.floor(Math.random() * this.#images.length)] ?? "";
    switch (kind) {
      case "login":
        return this.#login();
      case "check":
        return (await this.#request("GET", "/me")).status;
      case "write":
        return this.#write();
      case "read":
        return (await this.#request("GET", `/images/${image}`)).status;
      case "object":
        return (await this.#request("GET", `/images/${image}/content`)).status;
    }
  }

  async #login(): Promise<number> {
    const { status, body } = await this.#request("POST", "/login", this.#user);
    if (status === 200) this.#token = (JSON.parse(body) as { token: string }).token;
    return status;
  }

  async #write(): Promise<number> {
    const { status, body } = await this.#request("POST", "/images", randomBytes(1024));
    if (status === 201) {
      this.#images = [...this.#images.slice(-199), (JSON.parse(body) as { id: string }).id];
    }
    return status;
  }

  async #expect(method: "POST", path: string, payload: object): Promise<void> {
    const { status } = await this.#request(method, path, payload);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: is the stack up?`);
  }

  async #request(
    method: "GET" | "POST",
    path: string,
    payload?: Buffer | object,
  ): Promise<{ status: number; body: string }> {
    const bytes = payload === undefined || Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    const type = Buffer.isBuffer(payload) ? "application/octet-stream" : "application/json";
    const { statusCode, body } = await this.#pool.request({
      method,
      path,
      ...(bytes === undefined ? {} : { body: bytes }),
      headers: {
        ...(bytes === undefined ? {} : { "content-type": type }),
        ...(this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` }),
      },
    });
    return { status: statusCode, body: await body.text() };
  }
}

function pick(): Kind {
  let roll = Math.random() * 100;
  for (const [kind, share] of mix) {
    roll -= share;
    if (roll < 0) return kind;
  }
  return "check";
}
