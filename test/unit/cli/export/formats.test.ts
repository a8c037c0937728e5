import { createDecipheriv, createHash } from "node:crypto";
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { composeFile, envFile, quoteEnv } from "../../../../cli/export/formats.ts";
import { sopsFile } from "../../../../cli/export/sops.ts";
import type { ExportedStack } from "../../../../cli/export/values.ts";
import { parseDotenv } from "../../../../cli/import/compose/dotenv.ts";
import type { Traced } from "../../../../cli/import/compose/traced.ts";
import { Value } from "../../../../cli/import/find/value.ts";

const stack: ExportedStack = {
  values: new Map([
    ["DB_PASSWORD", new Value("p'a$s\\w \"ord/1")],
    ["TOKEN", new Value("plain")],
  ]),
  consumers: new Map([
    ["DB_PASSWORD", ["api", "db"]],
    ["TOKEN", ["api"]],
  ]),
  encoded: [{ variable: "DB_PASSWORD__URL", entry: "DB_PASSWORD", encoding: "url" }],
};

function readBack(text: string): Record<string, string> {
  const variables = new Map<string, Traced>();
  expect(parseDotenv(text, { file: ".env", lookup: () => undefined, variables })).toEqual([]);
  return Object.fromEntries([...variables].map(([name, value]) => [name, value.text]));
}

describe("the .env format", () => {
  test("is read back by compose's rules to the same values, also encoded ones", () => {
    expect(readBack(envFile(stack))).toEqual({
      DB_PASSWORD: "p'a$s\\w \"ord/1",
      TOKEN: "plain",
      DB_PASSWORD__URL: encodeURIComponent("p'a$s\\w \"ord/1"),
    });
  });

  test("keeps any value", () => {
    const hard = fc.string({ unit: fc.constantFrom("a", "'", '"', "\\", "$", "{", "n", "\n", "#", " ", "é") });
    fc.assert(
      fc.property(fc.oneof(fc.string(), hard), (text) => {
        expect(readBack(`A=1\nNAME=${quoteEnv(text)}\nB=2\n`)).toEqual({ A: "1", NAME: text, B: "2" });
      }),
      { numRuns: 500 },
    );
  });
});

test("the compose format grants each service its own, and holds no value", () => {
  const text = composeFile(stack);
  expect(parse(text)).toEqual({
    services: { api: { secrets: ["DB_PASSWORD", "TOKEN"] }, db: { secrets: ["DB_PASSWORD"] } },
    secrets: { DB_PASSWORD: { environment: "DB_PASSWORD" }, TOKEN: { environment: "TOKEN" } },
  });
  expect(text).not.toContain("plain");
});

describe("the sops format", () => {
  interface SopsFile {
    readonly [name: string]:
      | string
      | {
          readonly age: readonly { recipient: string; enc: string }[];
          readonly mac: string;
          readonly lastmodified: string;
        };
  }

  function open(text: string, key: Uint8Array, additional: string): string {
    const [, data = "", iv = "", tag = ""] = /^ENC\[AES256_GCM,data:(.*),iv:(.*),tag:(.*),type:str\]$/.exec(text) ?? [];
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64"));
    decipher.setAAD(Buffer.from(additional));
    decipher.setAuthTag(Buffer.from(tag, "base64"));
    return Buffer.concat([decipher.update(Buffer.from(data, "base64")), decipher.final()]).toString("utf8");
  }

  test("is opened by each recipient, value by value, and its seal covers all of them", async () => {
    const identities = [await generateX25519Identity(), await generateX25519Identity()];
    const recipients = await Promise.all(identities.map((identity) => identityToRecipient(identity)));
    const values = [
      ["A", "första"],
      ["B", "line\nline"],
    ] as const;
    const text = await sopsFile(values, recipients, new Date("2026-03-01T12:00:00.500Z"));
    const file = parse(text) as SopsFile;
    const meta = file["sops"];
    if (typeof meta !== "object") throw new Error("there is no metadata");
    expect(meta.age.map(({ recipient }) => recipient)).toEqual(recipients);
    expect(meta.lastmodified).toBe("2026-03-01T12:00:00Z");
    expect(text).toContain(`lastmodified: "${meta.lastmodified}"`);
    for (const [index, identity] of identities.entries()) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      const key = await decrypter.decrypt(armor.decode(meta.age[index]?.enc ?? ""));
      expect(values.map(([name]) => open(file[name] as string, key, `${name}:`))).toEqual(
        values.map(([, value]) => value),
      );
      const digest = createHash("sha512").update("första").update("line\nline").digest("hex").toUpperCase();
      expect(open(meta.mac, key, meta.lastmodified)).toBe(digest);
      // A value moved to another name does not open.
      expect(() => open(file["A"] as string, key, "B:")).toThrow();
    }
    expect(text).not.toContain("första");
  });
});
