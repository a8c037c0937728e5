import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { editDeclared, readDeclared } from "../../../cli/rotation/declared.ts";

const config = `# The team's stack.
config:
  goimg-secrets:port: "8080" # public
  goimg-secrets:generations:
    DB_PASSWORD: { live: [2, 3], active: 2 }
encryptionsalt: v1:abc=
`;

describe("the declared generations", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "goimg-declared-"));
    file = path.join(directory, "Pulumi.dev.yaml");
    await writeFile(file, config);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  test("are read from the stack's config; what it does not name is at generation 1", async () => {
    const declared = await readDeclared(file);
    expect(declared.DB_PASSWORD).toEqual({ live: [2, 3], active: 2 });
    expect(declared.JWT_KEY).toEqual({ live: [1], active: 1 });
  });

  test("are edited in place: comments and other keys stay, and nothing else is left in the folder", async () => {
    const after = await editDeclared(file, [
      { kind: "promote", secret: "DB_PASSWORD", generation: 3 },
      { kind: "publish", secret: "S3_KEY", generation: 2 },
    ]);
    expect(after.DB_PASSWORD).toEqual({ live: [2, 3], active: 3 });
    expect(await readFile(file, "utf8")).toBe(`# The team's stack.
config:
  goimg-secrets:port: "8080" # public
  goimg-secrets:generations:
    DB_PASSWORD: { live: [2, 3], active: 3 }
    S3_KEY: { live: [1, 2], active: 1 }
encryptionsalt: v1:abc=
`);
    expect(await readdir(directory)).toEqual(["Pulumi.dev.yaml"]);
  });

  test("are declared where there were none", async () => {
    await writeFile(file, "config:\n  goimg-secrets:port: 1\n");
    await editDeclared(file, [{ kind: "publish", secret: "DB_PASSWORD", generation: 2 }]);
    expect((await readDeclared(file)).DB_PASSWORD).toEqual({ live: [1, 2], active: 1 });
  });

  test("are each secret's own after an edit, where an anchor of YAML's said them once", async () => {
    const once = "DB_PASSWORD: &second { live: [2], active: 2 }\n    S3_KEY: *second\n    JWT_KEY: *second\n";
    await writeFile(file, `config:\n  goimg-secrets:generations:\n    ${once}`);
    expect((await readDeclared(file)).S3_KEY).toEqual({ live: [2], active: 2 });
    const after = await editDeclared(file, [{ kind: "publish", secret: "DB_PASSWORD", generation: 3 }]);
    expect([after.DB_PASSWORD.live, after.S3_KEY.live, after.JWT_KEY.live]).toEqual([[2, 3], [2], [2]]);
    expect(await readDeclared(file)).toEqual(after);
    expect(await readFile(file, "utf8")).not.toMatch(/[&*]second/);
  });

  test("stay as they are when an edit does not fit", async () => {
    await expect(editDeclared(file, [{ kind: "drop", secret: "DB_PASSWORD", generation: 2 }])).rejects.toThrow(
      "active",
    );
    expect(await readFile(file, "utf8")).toBe(config);
  });

  test("are refused with the file's name and every problem", async () => {
    await writeFile(file, "config:\n  goimg-secrets:generations:\n    DB_PASWORD: { live: [1], active: 2 }\n");
    await expect(readDeclared(file)).rejects.toThrow(/Pulumi\.dev\.yaml.*[\s\S]*DB_PASWORD/);
    await writeFile(file, "config: [");
    await expect(readDeclared(file)).rejects.toThrow("not YAML");
    await expect(readDeclared(path.join(directory, "Pulumi.none.yaml"))).rejects.toThrow("can't be read");
  });
});
