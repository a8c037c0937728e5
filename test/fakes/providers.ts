/**
 * The third parties, as far as they are asked: docs/external.md lists what these fakes leave out. Each accepts exactly the
 * values that it was given, and repeats what it was sent in its refusals, as the worst provider might.
 */
import { fakeServer, type FakeServer, type Reply, type Seen } from "./http.ts";

const json = (status: number, body: object): Reply => ({ status, body: JSON.stringify(body) });

/** Pinata's `GET /data/testAuthentication`. */
export const fakePinata = async (accepted: () => readonly string[]): Promise<FakeServer> =>
  fakeServer(({ method, path, headers }) => {
    if (method !== "GET" || path !== "/data/testAuthentication") return json(404, { error: "not found" });
    const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
    return accepted().includes(token)
      ? json(200, { message: "Congratulations! You are communicating with the Pinata API!" })
      : json(401, { error: { reason: "INVALID_CREDENTIALS", details: `Invalid token ${token}` } });
  });

/** Infura's `POST /api/v0/version`, with basic authentication. */
export const fakeInfura = async (accepted: () => readonly (readonly [string, string])[]): Promise<FakeServer> =>
  fakeServer(({ method, path, headers }) => {
    if (method !== "POST") return { status: 405 };
    if (path !== "/api/v0/version") return { status: 404 };
    const given = headers.authorization ?? "";
    const right = accepted().map((pair) => `Basic ${Buffer.from(pair.join(":")).toString("base64")}`);
    return right.includes(given) ? json(200, { Version: "0.29.0" }) : { status: 401, body: `invalid: ${given}` };
  });

/** GitHub's token endpoint: errors come with status 200. */
export const fakeGithub = async (clientId: string, accepted: () => readonly string[]): Promise<FakeServer> =>
  fakeServer((request) =>
    tokenEndpoint(request, "/login/oauth/access_token", clientId, accepted(), {
      credentials: json(200, { error: "incorrect_client_credentials" }),
      code: json(200, { error: "bad_verification_code" }),
    }),
  );

/** Google's token endpoint: errors as in RFC 6749, section 5.2. */
export const fakeGoogle = async (clientId: string, accepted: () => readonly string[]): Promise<FakeServer> =>
  fakeServer((request) =>
    tokenEndpoint(request, "/token", clientId, accepted(), {
      credentials: json(401, { error: "invalid_client", error_description: "Unauthorized" }),
      code: json(400, { error: "invalid_grant", error_description: "Malformed auth code." }),
    }),
  );

function tokenEndpoint(
  { method, path, body }: Seen,
  expected: string,
  clientId: string,
  accepted: readonly string[],
  answers: { readonly credentials: Reply; readonly code: Reply },
): Reply {
  if (method !== "POST" || path !== expected) return { status: 404 };
  const form = new URLSearchParams(body);
  if (form.get("grant_type") !== "authorization_code") return json(400, { error: "unsupported_grant_type" });
  const right = form.get("client_id") === clientId && accepted.includes(form.get("client_secret") ?? "");
  return right ? answers.code : answers.credentials;
}
