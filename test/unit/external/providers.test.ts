/** Third parties are asked before a new value is used: against fakes of their protocols (docs/external.md). */
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { providers } from "../../../cli/external/providers/index.ts";
import type { EntryValues, Verdict } from "../../../cli/external/providers/provider.ts";
import type { ProviderSettings } from "../../../cli/external/settings.ts";
import type { SecretName } from "../../../components/catalog/grants.ts";
import { fakeServer } from "../../fakes/http.ts";
import { fakeGithub, fakeGoogle, fakeInfura, fakePinata } from "../../fakes/providers.ts";
import { smtpServer } from "../../fakes/smtp.ts";

const good = "invented-value-that-is-accepted";
const bad = "invented-value-that-is-refused";
const clientId = "Iv1.invented";

const nowhere = "http://127.0.0.1:3";
const settings = (own: Partial<ProviderSettings> = {}): ProviderSettings => ({
  pinata: { url: nowhere },
  infura: { url: nowhere },
  github: { url: nowhere, clientId },
  google: { url: nowhere, clientId },
  smtp: { host: "127.0.0.1", port: 1, user: "mailer", secure: false },
  ...own,
});

async function verdictOf(secret: SecretName, values: EntryValues, own: Partial<ProviderSettings>): Promise<Verdict> {
  const provider = providers[secret];
  if (provider === undefined) throw new Error(`nobody is asked about ${secret}`);
  const verdict = await provider.check(values, settings(own));
  expect(JSON.stringify(verdict)).not.toMatch(new RegExp(`${good}|${bad}`));
  return verdict;
}

const accepts = () => [good];

describe("Pinata", () => {
  test("is asked with the token, and its answer counts", async () => {
    await using pinata = await fakePinata(accepts);
    const own = { pinata: { url: pinata.url } };
    expect(await verdictOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: good }, own)).toEqual({ verdict: "accepted" });
    expect(await verdictOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: bad }, own)).toEqual({
      verdict: "refused",
      why: "it answered 401",
    });
    expect(pinata.seen.map(({ path }) => path)).toEqual(["/data/testAuthentication", "/data/testAuthentication"]);
  });
});

describe("Infura", () => {
  test("is asked with both entries", async () => {
    await using infura = await fakeInfura(() => [["id-of-a-project", good]]);
    const own = { infura: { url: infura.url } };
    const values = (id: string, secret: string) => ({ IPFS_INFURA_PROJECT_ID: id, IPFS_INFURA_PROJECT_SECRET: secret });
    expect((await verdictOf("IPFS_INFURA", values("id-of-a-project", good), own)).verdict).toBe("accepted");
    expect((await verdictOf("IPFS_INFURA", values("id-of-a-project", bad), own)).verdict).toBe("refused");
    expect((await verdictOf("IPFS_INFURA", values("another", good), own)).verdict).toBe("refused");
  });
});

describe.each([
  ["GitHub", "OAUTH_GITHUB_CLIENT_SECRET", "github", fakeGithub],
  ["Google", "OAUTH_GOOGLE_CLIENT_SECRET", "google", fakeGoogle],
] as const)("%s", (_, secret, setting, fake) => {
  test("accepts the secret when it gets as far as the code, which is wrong", async () => {
    await using issuer = await fake(clientId, accepts);
    const own = { [setting]: { url: issuer.url, clientId } };
    expect((await verdictOf(secret, { [secret]: good }, own)).verdict).toBe("accepted");
    expect((await verdictOf(secret, { [secret]: bad }, own)).verdict).toBe("refused");
  });

  test("can't be asked without the application's id", async () => {
    const verdict = await verdictOf(secret, { [secret]: good }, { [setting]: { url: nowhere } });
    expect(verdict).toEqual({ verdict: "unasked", why: `set goimg-secrets:providers.${setting}.clientId` });
  });

  test("is not believed when it says something else", async () => {
    await using issuer = await fakeServer(() => ({ status: 200, body: `{"error":"redirect_uri_mismatch"}` }));
    const own = { [setting]: { url: issuer.url, clientId } };
    expect((await verdictOf(secret, { [secret]: good }, own)).verdict).toBe("unknown");
  });
});

describe("the SMTP server", () => {
  const smtp = (port: number) => ({ smtp: { host: "127.0.0.1", port, user: "mailer", secure: false } });

  test("is logged in to, and gets no mail", async () => {
    await using server = await smtpServer("mailer", accepts);
    expect(await verdictOf("SMTP_PASSWORD", { SMTP_PASSWORD: good }, smtp(server.port))).toEqual({
      verdict: "accepted",
    });
    expect(await verdictOf("SMTP_PASSWORD", { SMTP_PASSWORD: bad }, smtp(server.port))).toEqual({
      verdict: "refused",
      why: "it answered 535 to the login",
    });
    expect(server.mails).toEqual([]);
  });

  test("is not believed to refuse while its own login is out of order", async () => {
    await using server = await smtpServer("mailer", accepts, { refusal: 454 });
    expect((await verdictOf("SMTP_PASSWORD", { SMTP_PASSWORD: bad }, smtp(server.port))).verdict).toBe("unknown");
  });

  test("can't be asked without an address", async () => {
    const own = { smtp: { port: 587, secure: false } };
    expect((await verdictOf("SMTP_PASSWORD", { SMTP_PASSWORD: good }, own)).verdict).toBe("unasked");
  });

  test("is sent nothing in the clear beyond this machine", async () => {
    // An address that is not of loopback to the check, and leads here: a server without STARTTLS.
    await using server = await smtpServer("mailer", accepts);
    const own = { smtp: { host: "0.0.0.0", port: server.port, user: "mailer", secure: false } };
    const verdict = await verdictOf("SMTP_PASSWORD", { SMTP_PASSWORD: good }, own);
    expect(verdict).toEqual({ verdict: "unknown", why: "it can't be asked (ETLS 500)" });
    expect(server.logins()).toBe(0);
  });
});

describe("a provider that does not answer", () => {
  test("says nothing about the value", async () => {
    const verdict = await verdictOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: good }, {});
    expect(verdict).toEqual({ verdict: "unknown", why: "it can't be reached (ECONNREFUSED)" });
  });

  test("is asked again when it is busy", async () => {
    let times = 0;
    await using busy = await fakeServer(() => ({ status: (times += 1) < 3 ? 503 : 200 }));
    const own = { pinata: { url: busy.url } };
    expect((await verdictOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: good }, own)).verdict).toBe("accepted");
  });

  test("and stays busy is not one that refuses", async () => {
    await using busy = await fakeServer(() => ({ status: 429 }));
    const own = { pinata: { url: busy.url } };
    expect(await verdictOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: good }, own)).toEqual({
      verdict: "unknown",
      why: "it answered 429",
    });
  });

  test("is not followed elsewhere", async () => {
    await using thief = await fakeServer(() => ({ status: 200 }));
    await using moved = await fakeServer(() => ({ status: 302, headers: { location: thief.url } }));
    const own = { pinata: { url: moved.url } };
    expect((await verdictOf("IPFS_PINATA_JWT", { IPFS_PINATA_JWT: good }, own)).verdict).toBe("unknown");
    expect(thief.seen).toEqual([]);
  });

  test("and hangs up is not one that refuses", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as { port: number };
    const own = { infura: { url: `http://127.0.0.1:${port}` } };
    const values = { IPFS_INFURA_PROJECT_ID: good, IPFS_INFURA_PROJECT_SECRET: good };
    expect((await verdictOf("IPFS_INFURA", values, own)).verdict).toBe("unknown");
    server.close();
  });
});
