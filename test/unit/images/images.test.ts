import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { images } from "../../../images/images.ts";

const root = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "goimg-images-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Every file of a folder with its mode and hash. */
function content(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(directory, name)).isFile())
    .sort()
    .map((name) => {
      const path = join(directory, name);
      const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
      return `${name} ${(statSync(path).mode & 0o777).toString(8)} ${hash}`;
    });
}

describe.each(Object.entries(images))("image %s", (name, image) => {
  it("names inputs that are there, its own folder among them", () => {
    for (const input of image.inputs) expect(existsSync(join(root, input)), input).toBe(true);
    expect(image.inputs).toContain(`images/${name}`);
  });

  it("is built from its base, as a user of its own, with apt's lists removed", () => {
    const lines = readFileSync(join(root, "images", name, "Dockerfile"), "utf8");
    expect(lines).toContain(`FROM ${image.base}\n`);
    expect(lines).toMatch(/^USER 1000[1-7]:1000[1-7]$/m);
    if (lines.includes("apt-get install")) {
      expect(lines).toContain("--no-install-recommends");
      expect(lines).toContain("rm -rf /var/lib/apt/lists/*");
    }
    expect(lines).not.toMatch(/--mount|<<EOF|^ARG/m);
  });
});

it("prepares the same context twice", async () => {
  const contexts = ["one", "two"].map((name) => join(folder, name));
  for (const context of contexts) {
    execFileSync("mkdir", [context]);
    await images["gateway"]?.prepare(context);
  }
  const [one, two] = contexts.map(content);
  expect(one).toEqual(two);
  expect(one?.map((line) => line.split(" ").slice(0, 2))).toEqual([
    ["Dockerfile", "644"],
    ["gateway.cfg", "644"],
    ["goimg-job", "755"],
    ["haproxy.cfg", "644"],
    ["ingress.cfg", "644"],
  ]);
}, 300_000);

it("compiles no path of this machine into the programs", () => {
  const program = readFileSync(join(folder, "one/goimg-job"));
  expect(program.includes(root)).toBe(false);
});

// Compiled with the images' own flags, so that what they compiled is not compiled again.
it("passes the Go programs' own tests", () => {
  execFileSync(
    "go",
    [
      "test",
      "-trimpath",
      "./internal/pgroles",
      "./internal/redisacl",
      "./internal/grafana",
      "./internal/objects",
      "./internal/dump",
    ],
    {
      cwd: join(root, "images/go"),
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" },
      stdio: "pipe",
    },
  );
}, 300_000);
